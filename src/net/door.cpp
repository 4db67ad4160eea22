// Letting in who proves to know a key.
#include "src/net/door.h"

#include <sys/epoll.h>

#include "src/base/log.h"
#include "src/net/socket.h"

namespace hawser {
namespace {

constexpr size_t kGuestsMax = 64;
constexpr uint64_t kGuestNs = 2'000'000'000, kGraceNs = 100'000'000, kExhaustedNs = 100'000'000;
constexpr int kAcceptsAtOnce = 32;  // then the poller's other descriptors have their turn

}  // namespace

Door::Door(Poller& poller, const Clock& clock, Random& random, const Identity& self, const KeyRing& keys, Arrived arrived)
    : poller_(poller), clock_(clock), random_(random), self_(self), keys_(keys), arrived_(std::move(arrived)) {}

Result<std::unique_ptr<Door>> Door::open(Poller& poller, const Clock& clock, Random& random, const Identity& self, const KeyRing& keys,
                                         const std::vector<Address>& addresses, Arrived arrived) {
  std::unique_ptr<Door> door(new Door(poller, clock, random, self, keys, std::move(arrived)));
  for (const Address& each : addresses) HAWSER_TRY(door->listen(each));
  return door;
}

Door::~Door() {
  poller_.cancel(paused_until_);
  for (const Fd& each : listeners_) poller_.unwatch(each.get());
  while (!guests_.empty()) forget(guests_.begin()->first);
}

Status Door::listen(const Address& address) {
  Fd fd = HAWSER_TRY(listen_on(address, 1024));
  addresses_.push_back(HAWSER_TRY(local_address(fd)));
  const size_t listener = listeners_.size();
  HAWSER_TRY(poller_.watch(fd.get(), EPOLLIN, [this, listener](uint32_t) { accept_from_listener(listener); }));
  listeners_.push_back(std::move(fd));
  return {};
}

void Door::accept_from_listener(size_t listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    if (!make_room()) return;
    Result<Fd> came = accept_from(listeners_[listener]);
    if (!came.ok()) {  // no descriptors left, most likely; the backlog keeps them
      log(LogLevel::warning, came.error().text() + "; trying again in 100 ms");
      return pause(clock_.now_ns() + kExhaustedNs);
    }
    Fd fd = std::move(came).value();
    if (!fd) return;
    admit(std::move(fd), addresses_[listener].is_unix());
  }
}

bool Door::make_room() {
  if (guests_.size() < kGuestsMax) return true;
  const auto& [oldest, guest] = *guests_.begin();
  if (clock_.now_ns() < guest.came_ns + kGraceNs) {
    pause(guest.came_ns + kGraceNs);
    return false;
  }
  drop(oldest, Status(Code::refused, "it had not said who it is when others came"));
  return true;
}

void Door::admit(Fd fd, bool via_unix) {
  const uint64_t number = next_guest_++;
  const int raw = fd.get();
  Guest& guest = guests_[number];
  guest.handshake = Handshake::accept(std::move(fd), self_, keys_, random_);
  guest.came_ns = clock_.now_ns();
  guest.via_unix = via_unix;
  guest.deadline = poller_.at(guest.came_ns + kGuestNs,
                              [this, number] { drop(number, Status(Code::refused, "it did not finish its handshake within 2 s")); });
  const Status watched = poller_.watch(raw, EPOLLIN, [this, number](uint32_t) { advance(number); });
  if (!watched.ok()) return drop(number, watched);
  advance(number);  // its first bytes are often there already
}

void Door::advance(uint64_t number) {
  Guest& guest = guests_.at(number);
  const Status status = guest.handshake->advance();
  if (!status.ok()) return drop(number, status);
  if (!guest.handshake->done()) {
    const Status watched = poller_.change(guest.handshake->fd(), static_cast<uint32_t>(guest.handshake->wants()));
    if (!watched.ok()) drop(number, watched);
    return;
  }
  poller_.unwatch(guest.handshake->fd());
  Arrival arrival{guest.handshake->take(), guest.handshake->peer(), guest.handshake->key(), guest.via_unix};
  forget(number);
  const Status tuned = arrival.hello.purpose == Purpose::lane ? tune_lane(arrival.fd) : tune(arrival.fd);
  if (!tuned.ok()) return log(LogLevel::info, "a connection broke as it was accepted: " + tuned.text());
  arrived_(std::move(arrival));
}

void Door::drop(uint64_t number, const Status& why) {
  log(LogLevel::info, "a connection was turned away: " + why.text());
  poller_.unwatch(guests_.at(number).handshake->fd());
  forget(number);
}

void Door::forget(uint64_t number) {
  const auto found = guests_.find(number);
  poller_.cancel(found->second.deadline);
  if (found->second.handshake->fd() >= 0) poller_.unwatch(found->second.handshake->fd());
  guests_.erase(found);
  resume();
}

void Door::pause(uint64_t until_ns) {
  if (paused_until_ != 0) return;
  for (const Fd& each : listeners_) (void)poller_.change(each.get(), 0);
  paused_until_ = poller_.at(until_ns, [this] { resume(); });
}

void Door::resume() {
  if (paused_until_ == 0) return;
  poller_.cancel(std::exchange(paused_until_, 0));
  for (const Fd& each : listeners_) (void)poller_.change(each.get(), EPOLLIN);
}

}  // namespace hawser
