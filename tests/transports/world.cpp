// The rows of the contract suite, and the driver of its tests.
#include "tests/transports/world.h"

#include <linux/membarrier.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "src/base/random.h"
#include "transports/memory/transport.h"
#include "transports/shm/lane.h"
#include "transports/shm/transport.h"
#include "transports/sim/transport.h"
#include "transports/tcp/transport.h"

namespace hawser::testing {
namespace {

bool sleep_on(int fd) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 10000) == 1;
}

class MemoryWorld final : public World {
 public:
  explicit MemoryWorld(int ranks) : hub_(std::make_shared<MemoryHub>(ranks)) {
    for (int i = 0; i < ranks; ++i) transports_.push_back(make_memory_transport(hub_, i));
    for (int i = 0; i < ranks; ++i) {
      for (int peer = 0; peer < ranks; ++peer) EXPECT_TRUE(at(i).adopt(peer, {}).ok());
    }
  }
  void kill(int rank) override { transports_[rank].reset(); }

 private:
  std::shared_ptr<MemoryHub> hub_;
};

// Two stretches for every pair, and a bell with an eventfd for every rank.
class ShmWorld final : public World {
 public:
  ~ShmWorld() override { transports_.clear(); }  // before the memory they use
  explicit ShmWorld(int ranks) : bells_(ranks), stretches_(ranks * ranks) {
    EXPECT_EQ(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0), 0);
    for (int i = 0; i < ranks; ++i) {
      transports_.push_back(make_shm_transport());
      events_.emplace_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    }
    for (auto& stretch : stretches_) stretch.reset(static_cast<std::byte*>(std::aligned_alloc(4096, shm_lane_bytes)));
    for (auto& stretch : stretches_) std::memset(stretch.get(), 0, shm_lane_bytes);
    for (int i = 0; i < ranks; ++i) {
      for (int peer = 0; peer < ranks; ++peer) {
        if (i == peer) continue;
        Lane lane{.mine = stretch(i, peer), .theirs = stretch(peer, i), .bell = {&bells_[peer], events_[peer].get()}};
        EXPECT_TRUE(at(i).adopt(peer, std::move(lane)).ok());
      }
    }
  }
  void kill(int rank) override { transports_[rank].reset(); }
  bool doze(int rank) override {
    bells_[rank].asleep.store(Bell::epoll);
    ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
    const bool woken = !at(rank).arm() || sleep_on(events_[rank].get());
    bells_[rank].asleep.store(Bell::awake);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(events_[rank].get(), &count, sizeof count);
    return woken;
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::byte* stretch(int owner, int peer) { return stretches_[owner * bells_.size() + peer].get(); }
  std::vector<Bell> bells_;
  std::vector<Fd> events_;
  std::vector<std::unique_ptr<std::byte, Free>> stretches_;
};

std::pair<Fd, Fd> loopback_pair() {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  Fd dialled(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(dialled.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
  Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const int on = 1;
  for (const Fd* fd : {&dialled, &accepted}) ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {std::move(dialled), std::move(accepted)};
}

// Buffers so small that calls are cut short everywhere.
std::pair<Fd, Fd> tiny_pair() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const int bytes = 1;
  for (const int fd : fds) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return {Fd(fds[0]), Fd(fds[1])};
}

class TcpWorld final : public World {
 public:
  TcpWorld(int ranks, int lanes, std::pair<Fd, Fd> (*connect)()) {
    for (int i = 0; i < ranks; ++i) transports_.push_back(make_tcp_transport());
    for (int i = 0; i < ranks; ++i) {
      for (int peer = 0; peer < i; ++peer) {
        for (int lane = 0; lane < lanes; ++lane) {
          auto [mine, theirs] = connect();
          EXPECT_TRUE(at(i).adopt(peer, {.socket = std::move(mine)}).ok());
          EXPECT_TRUE(at(peer).adopt(i, {.socket = std::move(theirs)}).ok());
        }
      }
    }
  }
  void kill(int rank) override { transports_[rank].reset(); }
};

class SimWorld final : public World {
 public:
  SimWorld(int ranks, const SimOptions& options) : network_(std::make_shared<SimNetwork>(ranks, 20261125, options)) {
    for (int i = 0; i < ranks; ++i) transports_.push_back(make_sim_transport(network_, i));
    for (int i = 0; i < ranks; ++i) {
      for (int peer = 0; peer < ranks; ++peer) EXPECT_TRUE(i == peer || at(i).adopt(peer, {}).ok());
    }
  }
  void kill(int rank) override {
    network_->kill(rank);
    transports_[rank].reset();
  }
  void step() override {
    for (int i = 0; i < 4; ++i) network_->step();
  }

 private:
  std::shared_ptr<SimNetwork> network_;
};

constexpr SimOptions unruly{.delay_ns_min = 100,
                            .delay_ns_max = 50000,
                            .overtaking = true,
                            .silences_per_mille = 20,
                            .silence_ns = 200000,
                            .bytes_a_us = 5000,
                            .frames_under_way_max = 16};

}  // namespace

bool World::doze(int rank) { return !at(rank).arm() || sleep_on(at(rank).wake_fd()); }

std::vector<Row> rows() {
  return {{"memory", [](int ranks, int) { return std::make_unique<MemoryWorld>(ranks); }},
          {"shm", [](int ranks, int) { return std::make_unique<ShmWorld>(ranks); }},
          {"tcp", [](int ranks, int lanes) { return std::make_unique<TcpWorld>(ranks, lanes, loopback_pair); }},
          {"tcp_cut_short", [](int ranks, int lanes) { return std::make_unique<TcpWorld>(ranks, lanes, tiny_pair); }},
          {"sim", [](int ranks, int) { return std::make_unique<SimWorld>(ranks, SimOptions{}); }, false},
          {"sim_unruly", [](int ranks, int) { return std::make_unique<SimWorld>(ranks, unruly); }, false}};
}

Envelope envelope_of(const Key& key, uint64_t bytes) {
  return {.communicator = key.communicator,
          .bytes = bytes,
          .operation = key.operation,
          .slice = key.slice,
          .signature = key.signature,
          .ordinal = key.ordinal,
          .channel = 0,
          .kind = key.kind};
}

std::vector<std::byte> pattern(size_t bytes, uint64_t seed) {
  std::vector<std::byte> filled(bytes);
  SeededRandom(seed).fill(filled);
  return filled;
}

Token Driver::send(int from, const Transfer& transfer) {
  if (!at_once_) world_.at(from).send(transfer);
  else if (world_.at(from).send_now(transfer)) completed({.token = transfer.token});
  return next_++;
}

Token Driver::recv(int at, const Transfer& transfer) {
  Completion completion;
  if (!at_once_) world_.at(at).recv(transfer);
  else if (world_.at(at).recv_now(transfer, completion)) completed(completion);
  return next_++;
}

void Driver::completed(const Completion& completion) {
  EXPECT_TRUE(completions_.emplace(completion.token, completion).second) << "a token completed twice";
}

Token Driver::send(int from, int to, const Key& key, std::span<const std::byte> bytes) {
  const std::span<std::byte> span(const_cast<std::byte*>(bytes.data()), bytes.size());
  return send(from, {static_cast<PeerIndex>(to), envelope_of(key, bytes.size()), span, next_});
}

Token Driver::recv(int at, int from, const Key& key, std::span<std::byte> bytes) {
  return recv(at, {static_cast<PeerIndex>(from), envelope_of(key, bytes.size()), bytes, next_});
}

Token Driver::recv_lent(int at, int from, const Key& key, uint64_t capacity) {
  return recv(at, {static_cast<PeerIndex>(from), envelope_of(key, capacity), {}, next_});
}

void Driver::poll() {
  Completion some[16];
  for (int rank = 0; rank < world_.size(); ++rank) {
    if (std::count(dead_.begin(), dead_.end(), rank)) continue;
    const size_t count = world_.at(rank).poll(some);
    for (size_t i = 0; i < count; ++i) completed(some[i]);
  }
  world_.step();
}

bool Driver::run_until(const std::function<bool()>& satisfied) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!satisfied()) {
    if (std::chrono::steady_clock::now() > end) return false;
    poll();
  }
  return true;
}

bool Driver::finish(const std::vector<Token>& tokens) {
  return run_until([&] { return std::all_of(tokens.begin(), tokens.end(), [&](Token token) { return done(token); }); });
}

}  // namespace hawser::testing
