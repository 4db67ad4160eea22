// What is said on an edge, frame by frame: when a message goes eagerly, when it is announced, how windows and credit open and close.
#include "transports/dialogue.h"

#include <gtest/gtest.h>

#include "tests/transports/world.h"

namespace hawser::testing {
namespace {

constexpr Limits small_limits{.eager_bytes = 100, .credit_bytes = 400, .frame_bytes = 50, .window_bytes = 100, .store_bytes = 1000};

class Edge {  // one side; the frames it says are looked at, or carried to another
 public:
  Edge() : dialogue(ledger, small_limits) {
    dialogue.add_lane();
    dialogue.add_lane();
  }
  void send(uint32_t operation, std::vector<std::byte>& bytes, uint64_t communicator = 1) {
    dialogue.send({0, envelope_of({.communicator = communicator, .operation = operation}, bytes.size()), bytes, operation});
  }
  void recv(uint32_t operation, std::vector<std::byte>& bytes) {
    dialogue.recv({0, envelope_of({.operation = operation}, bytes.size()), bytes, operation});
  }
  bool says(FrameType type, uint32_t lane = 0) {
    if (!dialogue.next(lane, said)) return false;
    dialogue.written(said);
    return said.header.type == type;
  }
  bool silent(uint32_t lane = 0) { return !dialogue.next(lane, said); }
  // All it has to say on this lane, heard by another.
  void carry_to(Edge& other, uint32_t lane = 0) {
    while (dialogue.next(lane, said)) {
      hear(other, said, lane);
      dialogue.written(said);
    }
  }
  static void hear(Edge& edge, const Outgoing& frame, uint32_t lane) {
    Incoming incoming;
    ASSERT_TRUE(edge.dialogue.begin(lane, frame.header, incoming)) << edge.dialogue.complaint();
    if (incoming.target && frame.header.length) std::memcpy(incoming.target, frame.payload, frame.header.length);
    edge.dialogue.end(lane, incoming);
  }
  size_t completed() {
    Completion some[64];
    return ledger.completions.take(some);
  }
  Ledger ledger;
  Dialogue dialogue;
  Outgoing said;
};

TEST(dialogue, eager_while_the_credit_lasts_then_announced) {
  Edge edge;
  std::vector<std::byte> bytes(100), longer(101);
  edge.send(1, longer);
  EXPECT_TRUE(edge.says(FrameType::announce));
  for (uint32_t i = 0; i < 2; ++i) {  // 164 each
    edge.send(2 + i, bytes);
    EXPECT_TRUE(edge.says(FrameType::eager));
  }
  edge.send(4, bytes);
  EXPECT_TRUE(edge.says(FrameType::announce));
  EXPECT_TRUE(edge.silent());
  EXPECT_EQ(edge.completed(), 2u);
}

TEST(dialogue, an_eager_message_forgotten_before_it_went_gives_its_credit_back) {
  Edge edge;
  std::vector<std::byte> bytes(100);
  for (uint32_t i = 0; i < 20; ++i) {
    edge.send(i, bytes, 9);
    edge.dialogue.forget(9);
  }
  EXPECT_TRUE(edge.silent());
  edge.send(100, bytes);
  EXPECT_TRUE(edge.says(FrameType::eager));
}

TEST(dialogue, credit_is_returned_in_quarters_and_opens_the_edge_again) {
  Edge from, to;
  std::vector<std::byte> bytes(100), got(100);
  for (uint32_t i = 0; i < 50; ++i) {
    to.recv(i, got);
    from.send(i, bytes);
    ASSERT_TRUE(from.dialogue.next(0, from.said));
    ASSERT_EQ(from.said.header.type, FrameType::eager) << i;
    Edge::hear(to, from.said, 0);
    from.dialogue.written(from.said);
    to.carry_to(from);
  }
  EXPECT_EQ(from.completed() + to.completed(), 100u);
}

TEST(dialogue, data_stops_at_the_window_of_each_lane_until_it_is_acknowledged) {
  Edge from, to;
  std::vector<std::byte> bytes = pattern(1000, 1), got(1000);
  to.recv(1, got);
  from.send(1, bytes);
  from.carry_to(to);
  to.carry_to(from);  // the grant
  for (const uint32_t lane : {0, 1}) {
    for (int frame = 0; frame < 2; ++frame) {
      ASSERT_TRUE(from.dialogue.next(lane, from.said));
      EXPECT_EQ(from.said.header.length, 50u);
      Edge::hear(to, from.said, lane);
      from.dialogue.written(from.said);
    }
    EXPECT_TRUE(from.silent(lane)) << "the window is full";
  }
  for (int round = 0; round < 20; ++round) {
    for (const uint32_t lane : {1, 0}) {
      to.carry_to(from, lane);
      from.carry_to(to, lane);
    }
  }
  EXPECT_EQ(from.completed(), 1u);
  EXPECT_EQ(to.completed(), 1u);
  EXPECT_TRUE(got == bytes);
}

TEST(dialogue, a_send_forgotten_while_a_lane_holds_its_frame_completes_once) {
  Edge edge;
  std::vector<std::byte> bytes(100);
  edge.send(1, bytes, 9);
  ASSERT_TRUE(edge.dialogue.next(0, edge.said));
  edge.dialogue.forget(9);
  EXPECT_EQ(edge.completed(), 1u);
  edge.dialogue.written(edge.said);
  EXPECT_EQ(edge.completed(), 0u);
  edge.send(2, bytes);
  EXPECT_TRUE(edge.says(FrameType::eager));
  EXPECT_EQ(edge.completed(), 1u);
}

}  // namespace
}  // namespace hawser::testing
