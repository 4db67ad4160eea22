// Errors as text.
#include "src/base/status.h"

#include <cassert>
#include <system_error>

namespace hawser {

std::string_view name(Code code) {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::in_progress:
      return "in progress";
    case Code::invalid:
      return "invalid argument";
    case Code::usage:
      return "wrong use";
    case Code::unsupported:
      return "unsupported";
    case Code::unreachable:
      return "unreachable";
    case Code::timeout:
      return "timeout";
    case Code::aborted:
      return "aborted";
    case Code::peer:
      return "peer failed";
    case Code::mismatch:
      return "mismatch between ranks";
    case Code::truncated:
      return "truncated";
    case Code::memory:
      return "out of memory";
    case Code::device:
      return "device error";
    case Code::system:
      return "system error";
    case Code::refused:
      return "refused";
    case Code::internal:
      return "internal error";
  }
  return "unknown code";
}

Status::Status(Code code, std::string text) : story_(std::make_unique<Story>(Story{code, std::move(text)})) { assert(code != Code::ok); }

Status Status::from_errno(int error, std::string_view doing) {
  return Status(Code::system, std::string(doing) + ": " + std::generic_category().message(error));
}

Status Status::during(std::string_view what) && {
  if (story_) story_->text = std::string(what) + ": " + story_->text;
  return std::move(*this);
}

}  // namespace hawser
