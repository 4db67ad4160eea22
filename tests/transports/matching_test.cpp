// The pieces below a dialogue: matching, the slots it lives in, tombstones, pooled buffers.
#include "transports/matching.h"

#include <gtest/gtest.h>

#include "transports/ring.h"

namespace hawser {
namespace {

Envelope operation(uint32_t number, uint64_t communicator = 1) { return {.communicator = communicator, .operation = number}; }

Transfer receive_of(uint32_t number, Token token) { return {.envelope = operation(number), .token = token}; }

TEST(matching, the_oldest_of_equal_receives_is_taken_first_and_others_out_of_order) {
  Matching matching;
  matching.post(receive_of(1, 10));
  matching.post(receive_of(2, 20));
  matching.post(receive_of(2, 21));
  matching.post(receive_of(3, 30));
  const auto taken = [&](uint32_t number) {
    const uint32_t index = matching.take_posted(operation(number));
    return index == no_slot ? 0 : matching.receives[index].token;
  };
  EXPECT_EQ(taken(3), 30u);  // the last, so that the end of the list moves
  EXPECT_EQ(taken(2), 20u);
  EXPECT_EQ(taken(2), 21u);
  EXPECT_EQ(taken(2), 0u);
  matching.post(receive_of(4, 40));
  EXPECT_EQ(taken(1), 10u);
  EXPECT_EQ(taken(4), 40u);
  EXPECT_EQ(taken(4), 0u);
}

TEST(matching, stored_messages_are_counted_and_found_by_communicator) {
  Matching matching;
  for (uint32_t i = 0; i < 6; ++i) {
    Arrived arrived;
    arrived.envelope = operation(i, i % 2);
    arrived.announcement = i == 4 ? 99 : 0;
    matching.store(std::move(arrived));
  }
  EXPECT_EQ(matching.arrived_count(), 6u);
  EXPECT_EQ(matching.messages[matching.take_announced()].envelope.operation, 4u);
  EXPECT_EQ(matching.take_announced(), no_slot);
  EXPECT_EQ(matching.messages[matching.take_arrived_of(1)].envelope.operation, 1u);
  EXPECT_EQ(matching.take_arrived(operation(3, 0)), no_slot);
  EXPECT_NE(matching.take_arrived(operation(3, 1)), no_slot);
  EXPECT_EQ(matching.arrived_count(), 3u);
}

TEST(slots, a_number_of_an_earlier_use_is_told_from_the_present_one) {
  Slots<Receive> slots;
  const uint32_t first = slots.take();
  const uint64_t number = slot_number(first, slots[first].generation);
  slots.give(first);
  const uint32_t again = slots.take();
  EXPECT_EQ(again, first);
  EXPECT_EQ(slot_index(number), again);
  EXPECT_NE(slot_generation(number), slots[again].generation);
}

TEST(tombstones, the_last_thousand_are_known_and_strangers_are_not) {
  Tombstones tombstones;
  EXPECT_FALSE(tombstones.contains(5));
  for (uint64_t key = 1; key <= 3000; ++key) {
    tombstones.add(key * 7919);
    tombstones.add(key * 7919);  // twice is once
  }
  for (uint64_t key = 3000 - 1023; key <= 3000; ++key) EXPECT_TRUE(tombstones.contains(key * 7919));
  for (uint64_t key = 1; key <= 3000 - 1024; ++key) EXPECT_FALSE(tombstones.contains(key * 7919));
  for (uint64_t key = 1; key < 1000; ++key) EXPECT_FALSE(tombstones.contains(key * 7919 + 1));
}

TEST(ring, keeps_its_order_while_it_grows_anywhere) {
  Ring<int> ring;
  int in = 0, out = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < round % 13 + 1; ++i) ring.push() = in++;
    for (int i = 0; i < round % 11 && !ring.empty(); ++i, ring.pop()) ASSERT_EQ(ring.front(), out++);
  }
  for (; !ring.empty(); ring.pop()) ASSERT_EQ(ring.front(), out++);
  EXPECT_EQ(in, out);
}

TEST(buffers, what_was_given_back_is_taken_again) {
  BufferPool pool;
  Buffer buffer = pool.take(1000);
  EXPECT_GE(buffer.capacity, 1000u);
  const std::byte* const where = buffer.data();
  pool.give(std::move(buffer));
  EXPECT_EQ(pool.take(700).data(), where);
  EXPECT_TRUE(pool.take(0));
  EXPECT_GE(pool.take(size_t{40} << 20).capacity, size_t{40} << 20);
}

}  // namespace
}  // namespace hawser
