// What two contexts say to each other on their control connection. Every message comes from outside and is checked field by field.
#pragma once
#include <cstdint>
#include <string>

#include "src/base/status.h"
#include "src/base/types.h"
#include "src/net/frames.h"

namespace hawser {

inline constexpr size_t control_frame_bytes_max = 8192;
inline constexpr size_t story_bytes_max = 4096;

enum class ControlType : uint8_t { greeting = 1, lane = 2, notice = 3, ask = 4, doing = 5 };

// First in both directions; the dialler's connection counts only once the greeting has come. On unix sockets with two descriptors, segment
// and event.
struct Greeting {
  uint64_t process = 0;
};
// Where my side of the shared-memory lane lies in my segment.
struct LaneOffer {
  uint64_t offset = 0;
};
// A communicator ended: why, and which of its ranks is to blame.
struct Notice {
  CommunicatorKey communicator = 0;
  Code code = Code::ok;
  Rank origin = -1, blamed = -1;
  std::string story;
};
// What are you doing in this communicator? And the answer.
struct Ask {
  CommunicatorKey communicator = 0;
  uint64_t question = 0;
};
struct Answer {
  uint64_t question = 0;
  std::string story;
};

Frame encode(const Greeting&);
Frame encode(const LaneOffer&);
Frame encode(const Notice&);
Frame encode(const Ask&);
Frame encode(const Answer&);
Result<Greeting> decode_greeting(const Frame&);
Result<LaneOffer> decode_lane(const Frame&);
Result<Notice> decode_notice(const Frame&);
Result<Ask> decode_ask(const Frame&);
Result<Answer> decode_answer(const Frame&);

}  // namespace hawser
