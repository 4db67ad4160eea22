// Control messages as bytes: little-endian fixed fields, then at most one text.
#include "src/engine/control.h"

#include <algorithm>
#include <cstring>

namespace hawser {
namespace {

class Writer {
 public:
  explicit Writer(ControlType type) { frame_.type = static_cast<uint8_t>(type); }
  template <class Integer>
  Writer& put(Integer value) {
    frame_.bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& text(const std::string& story) {
    frame_.bytes.append(story, 0, story_bytes_max);
    return *this;
  }
  Frame take() { return std::move(frame_); }

 private:
  Frame frame_;
};

class Reader {
 public:
  Reader(const Frame& frame, ControlType type) : frame_(frame), good_(frame.type == static_cast<uint8_t>(type)) {}
  template <class Integer>
  Reader& get(Integer& value) {
    good_ = good_ && at_ + sizeof value <= frame_.bytes.size();
    if (good_) std::memcpy(&value, frame_.bytes.data() + at_, sizeof value);
    at_ += sizeof value;
    return *this;
  }
  Reader& text(std::string& story) {
    good_ = good_ && frame_.bytes.size() - std::min(at_, frame_.bytes.size()) <= story_bytes_max;
    if (good_) story = frame_.bytes.substr(at_);
    at_ = frame_.bytes.size();
    for (char& letter : story)
      if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';  // a peer's words end up in our logs
    return *this;
  }
  bool finished() const { return good_ && at_ == frame_.bytes.size(); }

 private:
  const Frame& frame_;
  size_t at_ = 0;
  bool good_;
};

Status malformed(const char* what) {
  return Status(Code::peer, std::string("a malformed ") + what + " message came on a control connection");
}

bool is_failure(Code code) {
  return static_cast<int32_t>(code) <= static_cast<int32_t>(Code::invalid) &&
         static_cast<int32_t>(code) >= static_cast<int32_t>(Code::internal);
}

}  // namespace

Frame encode(const Greeting& greeting) { return Writer(ControlType::greeting).put(greeting.process).take(); }
Frame encode(const LaneOffer& lane) { return Writer(ControlType::lane).put(lane.offset).take(); }
Frame encode(const Notice& notice) {
  return Writer(ControlType::notice)
      .put(notice.communicator)
      .put(static_cast<int32_t>(notice.code))
      .put(notice.origin)
      .put(notice.blamed)
      .text(notice.story)
      .take();
}
Frame encode(const Ask& ask) { return Writer(ControlType::ask).put(ask.communicator).put(ask.question).take(); }
Frame encode(const Answer& answer) { return Writer(ControlType::doing).put(answer.question).text(answer.story).take(); }

Result<Greeting> decode_greeting(const Frame& frame) {
  Greeting greeting;
  if (!Reader(frame, ControlType::greeting).get(greeting.process).finished()) return malformed("greeting");
  return greeting;
}

Result<LaneOffer> decode_lane(const Frame& frame) {
  LaneOffer lane;
  if (!Reader(frame, ControlType::lane).get(lane.offset).finished()) return malformed("lane");
  return lane;
}

Result<Notice> decode_notice(const Frame& frame) {
  Notice notice;
  int32_t code = 0;
  if (!Reader(frame, ControlType::notice)
           .get(notice.communicator)
           .get(code)
           .get(notice.origin)
           .get(notice.blamed)
           .text(notice.story)
           .finished())
    return malformed("notice");
  notice.code = static_cast<Code>(code);
  if (!is_failure(notice.code)) return malformed("notice");
  return notice;
}

Result<Ask> decode_ask(const Frame& frame) {
  Ask ask;
  if (!Reader(frame, ControlType::ask).get(ask.communicator).get(ask.question).finished()) return malformed("question");
  return ask;
}

Result<Answer> decode_answer(const Frame& frame) {
  Answer answer;
  if (!Reader(frame, ControlType::doing).get(answer.question).text(answer.story).finished()) return malformed("answer");
  return answer;
}

}  // namespace hawser
