// The tcp transport: few sockets are read in turn; of many, those that epoll names.
#include "transports/tcp/transport.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "transports/tcp/wire.h"

namespace hawser {
namespace {

class TcpTransport final : public WireTransport<TcpWire> {
 public:
  explicit TcpTransport(const Clock& clock) : shared_{.clock = clock, .epoll = {}, .stage = {}} {
    shared_.epoll = Fd(::epoll_create1(EPOLL_CLOEXEC));
    shared_.stage = ledger_.buffers.take(TcpShared::stage_bytes);
  }
  ~TcpTransport() override {
    leave_gently();
    wires_.clear();
  }
  Abilities abilities() const override { return {.fabric = Fabric::ethernet, .eager_bytes = TcpWire::eager_bytes, .lends = true}; }

  Status adopt(PeerIndex peer, Lane lane) override {
    if (!lane.socket) return Status(Code::invalid, "a tcp lane needs a connected socket");
    if (!shared_.epoll) return Status(Code::system, "no epoll descriptor could be made; raise the limit of open files");
    TcpWire& wire = open(peer, [&] { return std::make_unique<TcpWire>(ledger_, shared_, peer); });
    HAWSER_TRY(wire.add(std::move(lane.socket)).during("a connection of " + wire.peer_name()));
    if (many()) watch_all();
    return {};
  }

  size_t poll(std::span<Completion> out) override {
    if (many()) progress_of_many();
    else progress_of_few();
    return ledger_.completions.take(out);
  }

  bool send_now(const Transfer& transfer) override {
    TcpWire* const wire = find(transfer.peer);
    return (wire != nullptr && wire->send_at_once(transfer)) || WireTransport::send_now(transfer);
  }

  bool arm() override {
    polls_until_unwatched_ = polls_awake;
    return WireTransport::arm();
  }

  int wake_fd() const override { return shared_.epoll.get(); }

 private:
  static constexpr size_t lanes_read_in_turn = 4;
  static constexpr uint32_t polls_awake = 200;                         // after so many nobody seems about to sleep
  static constexpr int kLeavingTries = 10'000, kLeavingPauseUs = 200;  // 2 s: a peer that takes nothing is not waited for any longer

  // Peers may still need what was sent to them last.
  void leave_gently() {
    for (int tries = 0; tries < kLeavingTries; ++tries) {
      bool all = true;
      for (TcpWire* wire : open_) all = (!wire->alive() || wire->delivered()) && all;
      if (all) return;
      ::usleep(kLeavingPauseUs);
    }
  }

  bool many() const { return shared_.lanes > lanes_read_in_turn; }
  void watch_all() {
    for (TcpWire* wire : open_) (void)wire->ready();
  }

  void progress_of_few() {
    if (polls_until_unwatched_ > 0 && --polls_until_unwatched_ == 0)
      for (TcpWire* wire : open_) wire->unwatch();
    progress();
  }

  void progress_of_many() {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(shared_.epoll.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      TcpWire* const wire = static_cast<TcpWire*>(events[i].data.ptr);
      if (wire->alive()) wire->pull();
    }
    for (TcpWire* wire : open_) {
      if ((wire->ending() || wire->holds()) && wire->alive()) wire->pull();
      if (wire->alive()) wire->push();
    }
    sweep();
  }
  TcpShared shared_;
  uint32_t polls_until_unwatched_ = 0;  // 0: no lane is watched, unless they are many
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport() {
  static const SystemClock clock;
  return make_tcp_transport(clock);
}
std::unique_ptr<Transport> make_tcp_transport(const Clock& clock) { return std::make_unique<TcpTransport>(clock); }

}  // namespace hawser
