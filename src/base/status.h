// How an error travels: one word, null when all is well; each layer adds what only it knows.
//
// Control path: Status and Result<T>. Hot path: a bare Code. Code's numbers are those of hawser_status in hawser.h.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hawser {

enum class Code : int32_t {
  ok = 0,
  in_progress = 1,
  invalid = -1,  // an argument is wrong by itself
  usage = -2,    // the call is wrong here: order, group, finalised communicator
  unsupported = -3,
  unreachable = -4,
  timeout = -5,
  aborted = -6,
  peer = -7,      // a peer died or failed
  mismatch = -8,  // ranks called different things
  truncated = -9,
  memory = -10,
  device = -11,
  system = -12,
  refused = -13,  // authentication
  internal = -14
};
std::string_view name(Code);

class [[nodiscard]] Status {
 public:
  Status() = default;                                           // ok
  Status(Code code, std::string text);                          // an error; code is not ok
  static Status from_errno(int error, std::string_view doing);  // Code::system: "doing: No such file or directory"
  bool ok() const { return story_ == nullptr; }
  Code code() const { return story_ ? story_->code : Code::ok; }
  std::string text() const { return story_ ? story_->text : std::string(); }
  Status during(std::string_view what) &&;  // "what: text"; ok stays ok
  Status copy() const { return story_ ? Status(story_->code, story_->text) : Status(); }

 private:
  struct Story {
    Code code;
    std::string text;
  };
  std::unique_ptr<Story> story_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: a value is a result
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: an error is a result; never ok
  bool ok() const { return value_.has_value(); }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T value() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  Status status() && { return std::move(status_); }
  const Status& error() const { return status_; }
  Result during(std::string_view what) && {
    status_ = std::move(status_).during(what);
    return std::move(*this);
  }

 private:
  std::optional<T> value_;
  Status status_;
};

namespace detail {
struct Nothing {};
inline Status take_status(Status& status) { return std::move(status); }
inline Nothing take_value(Status&) { return {}; }
template <class T>
Status take_status(Result<T>& result) {
  return std::move(result).status();
}
template <class T>
T take_value(Result<T>& result) {
  return std::move(result).value();
}
}  // namespace detail

// The value of a Result (or nothing of a Status); an error returns from the function around it.
#define HAWSER_TRY(expression)                                                      \
  ({                                                                                \
    auto hawser_result_ = (expression);                                             \
    if (!hawser_result_.ok()) return ::hawser::detail::take_status(hawser_result_); \
    ::hawser::detail::take_value(hawser_result_);                                   \
  })

}  // namespace hawser
