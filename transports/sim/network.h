// A network of one process under seeded control: virtual time that the test steps, delays, overtaking, silences, deaths and garbage. The
// same seed and the same calls give the same run on every machine. One thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "src/base/clock.h"
#include "src/base/random.h"
#include "transports/frame.h"
#include "transports/ring.h"

namespace hawser {

// The catalogue of faults. As it stands: orderly and prompt, a microsecond a frame.
struct SimOptions {
  uint64_t delay_ns_min = 1000, delay_ns_max = 1000;  // of a frame, drawn anew for each; pairs overtake each other by it
  bool overtaking = false;                            // frames of one pair overtake each other as well, as those of several lanes do
  uint32_t silences_per_mille = 0;                    // so many frames find their pair silent ...
  uint64_t silence_ns = 100000;                       // ... for so long
  uint64_t bytes_a_us = 0;                            // a direction's rate; 0: no bound
  uint32_t frames_under_way_max = 32;                 // of a direction; its sender waits
  int dying_rank = -1;                                // this rank dies ...
  uint64_t dies_at_event = 0;                         // ... just before this event, counted from 0
  bool deaths_end_connections = true;                 // false: only peer_gone() tells of a death, as with a host that vanished
  uint64_t garbage_at_event = UINT64_MAX;             // this frame arrives with other bits in its header
};

class SimNetwork {
 public:
  SimNetwork(uint32_t ranks, uint64_t seed, const SimOptions& = {});

  bool step();  // time passes to the next event, and it happens; false: nothing is under way
  uint64_t events() const { return events_; }
  const ManualClock& clock() const { return clock_; }
  void kill(uint32_t rank);  // what it had said still arrives; stop driving its transport
  bool alive(uint32_t rank) const { return alive_[rank]; }
  uint32_t ranks() const { return static_cast<uint32_t>(alive_.size()); }

  struct Frame {
    FrameHeader header;
    std::vector<std::byte> payload;
  };
  struct Direction {  // of a pair
    Ring<Frame> arrived;
    bool ended = false;  // the end of the connection arrived; nothing follows
    uint32_t under_way = 0;
    uint64_t busy_until_ns = 0;    // its wire is taken until then
    uint64_t last_arrival_ns = 0;  // without overtaking nothing comes before it
  };
  // The wires' side.
  Direction& direction(uint32_t from, uint32_t to) { return directions_[from * ranks() + to]; }
  void send(uint32_t from, uint32_t to, const FrameHeader&, const std::byte* payload);
  void end(uint32_t from, uint32_t to);  // the connection between them, told to `to`
  bool full(uint32_t from, uint32_t to) { return direction(from, to).under_way >= options_.frames_under_way_max; }

 private:
  struct Event {
    uint64_t at_ns = 0, order = 0;
    uint32_t from = 0, to = 0;
    bool end = false;
    Frame frame;
  };
  static bool later(const Event& a, const Event& b) { return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.order > b.order; }
  uint64_t arrival(Direction&, uint64_t bytes);
  void schedule(Event);
  void happen(Event&);
  void spoil(FrameHeader&);

  const SimOptions options_;
  SeededRandom random_;
  ManualClock clock_;
  std::vector<Event> events_to_come_;  // a heap, the earliest first
  std::vector<Direction> directions_;
  std::vector<bool> alive_;
  uint64_t events_ = 0, scheduled_ = 0;
};

}  // namespace hawser
