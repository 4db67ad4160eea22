// A peer that sends anything at all: the edge fails and says why, or goes on. Nothing crashes, nothing hangs, no other memory is touched.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "src/base/random.h"
#include "tests/transports/world.h"
#include "transports/frame.h"
#include "transports/shm/lane.h"
#include "transports/shm/transport.h"
#include "transports/tcp/transport.h"

namespace hawser::testing {
namespace {

constexpr uint64_t first_slot = uint64_t{1} << 32;  // the number of the first send, and of the first receive

FrameHeader frame(FrameType type) {
  FrameHeader header;
  header.type = type;
  return header;
}

// A victim with something of everything under way: posted, granted, announced and lent.
class Victim {
 public:
  explicit Victim(std::unique_ptr<Transport> transport)
      : transport_(std::move(transport)), got_(4, std::vector<std::byte>(300000)), sent_(pattern(400000, 1)) {}
  Transport& operator*() { return *transport_; }
  Transport* operator->() { return transport_.get(); }

  void begin_all() {
    for (uint32_t i = 0; i < 4; ++i) transport_->recv({0, envelope_of({.operation = i}, got_[i].size()), got_[i], i + 1});
    transport_->recv({0, envelope_of({.operation = 4}, 100000), {}, 5});
    transport_->send({0, envelope_of({.operation = 5}, sent_.size()), sent_, 6});
    transport_->send({0, envelope_of({.operation = 6}, 100), std::span(sent_).first(100), 7});
    poll();
  }
  void poll() {
    Completion some[16];
    for (int i = 0; i < 4; ++i) done_ += transport_->poll(some);
  }
  // The peer is gone: whatever it did before, all seven transfers must have ended.
  void expect_all_ended() {
    transport_->peer_gone(0, Status(Code::peer, "the test ends it"));
    poll();
    EXPECT_EQ(done_, 7u);
    EXPECT_EQ(transport_->error(0).code(), Code::peer);
  }

 private:
  std::unique_ptr<Transport> transport_;
  std::vector<std::vector<std::byte>> got_;
  std::vector<std::byte> sent_;
  size_t done_ = 0;
};

class TcpPeer {  // the victim's other end, in the hands of the test
 public:
  TcpPeer() : victim(make_tcp_transport()) {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    mine_ = Fd(fds[0]);
    EXPECT_TRUE(victim->adopt(0, {.socket = Fd(fds[1])}).ok());
    victim.begin_all();
  }
  void write(const void* bytes, size_t count) {
    const char* at = static_cast<const char*>(bytes);
    for (int tries = 0; count > 0 && tries < 1000; ++tries) {
      const ssize_t went = ::send(mine_.get(), at, count, MSG_NOSIGNAL);
      if (went > 0) at += went, count -= static_cast<size_t>(went);
      else if (errno != EAGAIN) return;  // the victim has hung up
      victim.poll();
      char sink[4096];
      while (::recv(mine_.get(), sink, sizeof sink, 0) > 0) {}
    }
  }
  void write(const FrameHeader& header, const std::vector<std::byte>& payload = {}) {
    write(&header, sizeof header);
    write(payload.data(), payload.size());
  }
  std::string complaint_after(const FrameHeader& header, const std::vector<std::byte>& payload = {}) {
    write(header, payload);
    victim.poll();
    return victim->error(0).text();
  }
  Victim victim;

 private:
  Fd mine_;
};

FrameHeader eager_of(uint32_t operation, uint32_t length) {
  FrameHeader header = frame(FrameType::eager);
  header.length = length;
  header.envelope = envelope_of({.operation = operation}, length);
  return header;
}

TEST(hostile_tcp, every_kind_of_malformed_frame_is_named) {
  const auto expect = [](const char* what, FrameHeader header) {
    TcpPeer peer;
    const std::string text = peer.complaint_after(header);
    EXPECT_NE(text.find("peer 0"), std::string::npos) << text;
    EXPECT_NE(text.find("sent a malformed frame"), std::string::npos) << text;
    EXPECT_NE(text.find(what), std::string::npos) << text;
    peer.victim.expect_all_ended();
  };
  FrameHeader header = frame(FrameType::credit);
  header.magic = 0x12345678;
  expect("first four bytes", header);
  expect("unknown type", frame(static_cast<FrameType>(77)));
  header = frame(FrameType::credit);
  header.returned = 1u << 30;
  expect("more credit than was used", header);
  header = frame(FrameType::credit);
  header.received = 1;
  expect("more data than was sent", header);
  header = frame(FrameType::grant);
  header.length = 1;
  expect("payload behind", header);
  header = eager_of(0, 100);
  header.length = (256 << 10) + 1;
  expect("wrong length", header);
  header = eager_of(0, 100);
  header.envelope.bytes = 99;
  expect("wrong length", header);
  header = eager_of(0, 100);
  header.envelope.kind = static_cast<MessageKind>(9);
  expect("unknown kind", header);
  expect("without a number", frame(FrameType::announce));
  header = frame(FrameType::grant);
  header.message = first_slot | 900;
  expect("no message", header);
  header.message = first_slot;
  header.envelope.bytes = 399999;
  expect("another length", header);
  header = frame(FrameType::data);
  header.message = first_slot | 900;
  header.length = 10;
  expect("no receive", header);
  header.message = first_slot;
  expect("not granted", header);
  header.length = 0;
  expect("wrong length", header);
}

TEST(hostile_tcp, data_outside_its_message_and_twice_granted_are_named) {
  for (const uint64_t offset : {uint64_t{1}, uint64_t{299999}, UINT64_MAX, uint64_t{1} << 63}) {
    TcpPeer peer;
    FrameHeader header = frame(FrameType::announce);
    header.message = 5;
    header.envelope = envelope_of({.operation = 0}, 300000);
    EXPECT_EQ(peer.complaint_after(header), "");
    header = frame(FrameType::data);
    header.message = first_slot;  // the receive of operation 0
    header.offset = offset;
    header.length = offset == 1 ? 120000 : 2;
    std::vector<std::byte> payload(header.length);
    std::string text = peer.complaint_after(header, payload);
    for (int again = 0; again < 2 && offset == 1; ++again) text = peer.complaint_after(header, payload);  // within, but too much
    EXPECT_NE(text.find("outside its message"), std::string::npos) << text;
    peer.victim.expect_all_ended();
  }
  TcpPeer peer;
  FrameHeader grant = frame(FrameType::grant);
  grant.message = first_slot;
  grant.offset = 1;
  grant.envelope.bytes = 400000;
  const FrameHeader both[2] = {grant, grant};  // in one piece: the second comes before the first was used up
  peer.write(both, sizeof both);
  EXPECT_NE(peer.victim->error(0).text().find("not announced"), std::string::npos) << peer.victim->error(0).text();
  peer.victim.expect_all_ended();
}

TEST(hostile_tcp, more_eager_bytes_than_the_credit_end_the_edge) {
  TcpPeer peer;
  const std::vector<std::byte> payload(60000);
  for (uint32_t i = 0; i < 200 && peer.victim->error(0).ok(); ++i) peer.write(eager_of(100 + i, 60000), payload);
  EXPECT_NE(peer.victim->error(0).text().find("than its credit"), std::string::npos);
  peer.victim.expect_all_ended();
}

std::vector<FrameHeader> plausible_frames() {
  std::vector<FrameHeader> frames = {eager_of(0, 100), eager_of(1, 60000), eager_of(4, 3000), eager_of(99, 0), frame(FrameType::credit)};
  FrameHeader header = frame(FrameType::announce);
  header.message = 7;
  header.envelope = envelope_of({.operation = 2}, 290000);
  frames.push_back(header);
  header.envelope = envelope_of({.operation = 98}, UINT64_MAX);
  frames.push_back(header);
  header = frame(FrameType::data);
  header.message = first_slot | 2;
  header.length = 1000;
  frames.push_back(header);
  header = frame(FrameType::grant);
  header.message = first_slot;
  header.envelope.bytes = 400000;
  frames.push_back(header);
  return frames;
}

void mutate(FrameHeader& header, SeededRandom& random) {
  static constexpr uint64_t telling[] = {0, 1, 2, 100, 300000, first_slot, first_slot + 1, uint64_t{1} << 31, UINT64_MAX, UINT64_MAX - 1};
  std::byte* const bytes = reinterpret_cast<std::byte*>(&header);
  if (random.next() % 2) {
    const size_t at = random.next() % (sizeof header / 8) * 8;
    std::memcpy(bytes + at, &telling[random.next() % std::size(telling)], random.next() % 2 ? 8 : 4);
  } else {
    bytes[random.next() % sizeof header] ^= static_cast<std::byte>(random.next());
  }
  if (random.next() % 3) header.magic = frame_magic;
}

TEST(hostile_tcp, mutated_frames_in_any_pieces_end_the_edge_or_pass) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    TcpPeer peer;
    const auto frames = plausible_frames();
    std::vector<std::byte> stream;
    for (int i = 0; i < 12; ++i) {
      FrameHeader header = frames[random.next() % frames.size()];
      const size_t payload = header.type == FrameType::eager || header.type == FrameType::data ? header.length : 0;
      if (random.next() % 3 == 0) mutate(header, random);
      const std::byte* const bytes = reinterpret_cast<const std::byte*>(&header);
      stream.insert(stream.end(), bytes, bytes + sizeof header);
      stream.resize(stream.size() + payload);
    }
    stream.resize(stream.size() - random.next() % 90);  // and it is cut off somewhere
    for (size_t at = 0; at < stream.size();) {
      const size_t piece = std::min(stream.size() - at, random.next() % 2 ? random.next() % 100 + 1 : size_t{70000});
      peer.write(stream.data() + at, piece);
      at += piece;
      if (random.next() % 4 == 0) peer.victim.poll();
    }
    if (random.next() % 3 == 0) peer.victim->forget(1);
    peer.victim.poll();
    peer.victim.expect_all_ended();
  }
}

class ShmPeer {  // writes the victim's peer's side itself
 public:
  ShmPeer() : victim(make_shm_transport()) {
    for (auto* stretch : {&mine_, &theirs_}) {
      *stretch = static_cast<std::byte*>(std::aligned_alloc(4096, shm_lane_bytes));
      std::memset(*stretch, 0, shm_lane_bytes);
    }
    Lane lane;
    lane.mine = theirs_;
    lane.theirs = mine_;
    EXPECT_TRUE(victim->adopt(0, std::move(lane)).ok());
    victim.begin_all();
  }
  ~ShmPeer() {
    victim->close(0);
    std::free(mine_);
    std::free(theirs_);
  }
  ShmSide& side() { return *reinterpret_cast<ShmSide*>(mine_); }
  void say(const ShmCell::Words& words) {
    ShmCell& cell = side().cells[said_ % ShmSide::cell_count];
    cell.words = words;
    cell.stamp.store(++said_);
  }
  std::string complaint_after(const ShmCell::Words& words) {
    say(words);
    victim.poll();
    return victim->error(0).text();
  }
  Victim victim;

 private:
  std::byte *mine_ = nullptr, *theirs_ = nullptr;
  uint64_t said_ = 0;
};

TEST(hostile_shm, malformed_cells_and_counters_are_named) {
  {
    ShmPeer peer;
    ShmCell::Words words{};
    words.type = static_cast<uint8_t>(FrameType::data);
    words.length = UINT32_MAX;
    EXPECT_NE(peer.complaint_after(words).find("longer than any"), std::string::npos);
    peer.victim.expect_all_ended();
  }
  {
    ShmPeer peer;
    ShmCell::Words words{};
    words.type = 200;
    EXPECT_NE(peer.complaint_after(words).find("unknown type"), std::string::npos);
    peer.victim.expect_all_ended();
  }
  {
    ShmPeer peer;
    peer.side().returned.store(uint64_t{1} << 60);
    peer.side().cells_taken.store(uint64_t{1} << 60);
    const auto bytes = pattern(10000, 1);
    std::vector<std::byte> copy(bytes);
    size_t done = 0;
    Completion some[16];
    for (uint32_t i = 0; i < 60; ++i) {  // until it looks at the counters
      peer.victim->send({0, envelope_of({.operation = 500 + i}, copy.size()), copy, 1000 + i});
      done += peer.victim->poll(some);
    }
    EXPECT_NE(peer.victim->error(0).text().find("counters cannot be"), std::string::npos);
    EXPECT_GT(done, 0u);
  }
}

TEST(hostile_shm, random_cells_end_the_edge_or_pass) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    ShmPeer peer;
    for (int i = 0; i < 40; ++i) {
      ShmCell::Words words{};
      if (random.next() % 4 == 0) random.fill(std::as_writable_bytes(std::span(&words, 1)));
      words.type = static_cast<uint8_t>(random.next() % 7);
      if (random.next() % 4)
        words.kind = 0, words.communicator = 1, words.operation = random.next() % 7, words.slice = 0, words.ordinal = 0;
      if (random.next() % 4) words.length = static_cast<uint32_t>(random.next() % 3 ? random.next() % 40000 : 0);
      uint64_t small[3] = {first_slot + random.next() % 8, random.next() % 400000, random.next() % 400001};
      if (random.next() % 3) std::memcpy(words.small, small, sizeof small);
      peer.say(words);
      if (random.next() % 3 == 0) peer.victim.poll();
    }
    if (random.next() % 3 == 0) peer.victim->forget(1);
    if (random.next() % 2) peer.side().ended.store(random.next());
    peer.victim.poll();
    peer.victim.expect_all_ended();
  }
}

}  // namespace
}  // namespace hawser::testing
