// One peer's control connection, of the engine thread: dialling, accepting, greeting, messages, lanes, and its end.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/base/log.h"
#include "src/engine/context.h"
#include "src/engine/switchboard.h"
#include "src/net/socket.h"
#include "transports/catalog.h"

namespace hawser {
namespace {

constexpr size_t kEarlyArrivalsMax = 4096, kEarlyNoticesMax = 256;
constexpr uint64_t kRedialNs = 20'000'000;

size_t shared_lane_bytes() {
  for (const TransportRow& row : transports())
    if (row.name == "shm") return row.shared_lane_bytes;
  return 0;
}

}  // namespace

void Switchboard::start_dial(Peer& peer) {
  Dial::Target target;
  target.hello = {context_.identity(), peer.card.identity, Purpose::control, 0};
  target.key = peer.card.key;
  target.deadline_ns = peer.give_up_ns;
  if (!peer.card.local) target.addresses = peer.card.addresses;
  if (auto door = Address::parse("unix:" + peer.card.door); peer.card.local && door.ok()) target.addresses.push_back(door.value());
  if (target.addresses.empty()) return lost(peer);
  peer.dial = Dial::start(*poller_, clock_, context_.random(), std::move(target),
                          [this, index = peer.index](Result<Arrival> arrival) { dialled(this->peer(index), std::move(arrival)); });
}

void Switchboard::dialled(Peer& peer, Result<Arrival> arrival) {
  peer.dial.reset();
  if (peer.control || peer.gone) return;  // the other side's dial came first
  if (!arrival.ok()) {
    log(LogLevel::info, "no connection to " + peer.card.label + ": " + arrival.error().text());
    return lost(peer);
  }
  take_control(peer, std::move(arrival.value().fd), false);
}

// Of two dials at once the lower identity's stands: the lower drops what arrives while it dials, the higher takes it.
void Switchboard::arrived(Arrival arrival) {
  Peer* const peer = find(arrival.hello.from);
  if (peer == nullptr) {
    if (early_.size() < kEarlyArrivalsMax) early_.push_back(std::move(arrival));
    return;
  }
  if (arrival.hello.purpose == Purpose::lane) {
    if (!peer->control || peer->card.local) return;
    return adopt_lane(*peer, std::move(arrival.fd));
  }
  if (arrival.hello.purpose != Purpose::control || peer->gone) return;
  const bool mine_stands = context_.identity() < peer->card.identity && (peer->dial || (peer->control && !peer->accepted));
  if (mine_stands || (peer->control && peer->greeted)) return;
  if (peer->control) poller_->unwatch(peer->control->fd());
  peer->dial.reset();
  take_control(*peer, std::move(arrival.fd), true);
}

void Switchboard::take_control(Peer& peer, Fd fd, bool accepted) {
  peer.accepted = accepted;
  peer.control = std::make_unique<FrameSocket>(std::move(fd), control_frame_bytes_max);
  const PeerIndex index = peer.index;
  peer.watched = EPOLLIN;
  if (const Status watched = poller_->watch(peer.control->fd(), EPOLLIN, [this, index](uint32_t) { control_ready(this->peer(index)); });
      !watched.ok()) {
    log(LogLevel::error, peer.card.label + ": " + watched.text());
    peer.control.reset();
    return lost(peer);
  }
  Frame greeting = encode(Greeting{static_cast<uint64_t>(::getpid())});
  if (peer.card.local && context_.segment() != nullptr) {
    greeting.descriptors.emplace_back(::dup(context_.segment()->fd()));
    greeting.descriptors.emplace_back(::dup(context_.event_fd()));
  }
  send(peer, std::move(greeting));
}

void Switchboard::send(Peer& peer, Frame frame) {
  peer.control->send(std::move(frame));
  flush(peer);
}

void Switchboard::flush(Peer& peer) {
  if (!peer.control->flush().ok()) return;  // its end is heard by receive()
  const uint32_t events = peer.control->unsent() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (events == peer.watched) return;
  peer.watched = events;
  (void)poller_->change(peer.control->fd(), events);
}

void Switchboard::control_ready(Peer& peer) {
  if (!peer.control) return;
  flush(peer);
  while (peer.control) {
    auto received = peer.control->receive();
    if (!received.ok()) return hang_up(peer);
    if (!received.value().has_value()) return;
    Frame frame = std::move(*received.value());
    const Status handled = handle(peer, frame);
    if (handled.ok()) continue;
    log(LogLevel::error, peer.card.label + ": " + handled.text());
    return hang_up(peer);
  }
}

Status Switchboard::handle(Peer& peer, Frame& frame) {
  const auto type = static_cast<ControlType>(frame.type);
  if (!peer.greeted) return greeted(peer, frame);
  if (type == ControlType::lane) return lane_offered(peer, HAWSER_TRY(decode_lane(frame)).offset);
  if (type == ControlType::notice) {
    hear_notice(HAWSER_TRY(decode_notice(frame)));
    return {};
  }
  if (type == ControlType::ask) {
    const Ask question = HAWSER_TRY(decode_ask(frame));
    const auto membership = context_.find(question.communicator);
    send(peer, encode(Answer{question.question, membership ? membership->doing.text() : "has left or never had this communicator"}));
    return {};
  }
  if (type == ControlType::doing) {
    const Answer answer = HAWSER_TRY(decode_answer(frame));
    const std::lock_guard lock(mutex_);
    const auto found = questions_.find(answer.question);
    if (found == questions_.end()) return {};
    found->second(answer.story);
    questions_.erase(found);
    changed_.notify_all();
    return {};
  }
  return Status(Code::peer, "an unknown message of type " + std::to_string(frame.type) + " came on the control connection");
}

Status Switchboard::greeted(Peer& peer, Frame& frame) {
  (void)HAWSER_TRY(decode_greeting(frame));
  if (peer.card.local) {
    if (frame.descriptors.size() != 2) return Status(Code::peer, "the greeting brought no segment");
    const Credentials who = HAWSER_TRY(peer_credentials(peer.control->fd()));
    if (who.user != ::geteuid())
      return Status(Code::peer, "user " + std::to_string(who.user) + " runs the other process, not " + std::to_string(::geteuid()));
    peer.process = who.process;
    peer.segment = HAWSER_TRY(MappedSegment::map(std::move(frame.descriptors[0]), peer.card.identity));
    peer.event_fd = std::move(frame.descriptors[1]);
    peer.bell = {&peer.segment->bell(), peer.event_fd.get()};
  }
  peer.greeted = true;
  {
    const std::lock_guard lock(mutex_);
    peer.connected.store(true, std::memory_order_release);
  }
  changed_.notify_all();
  tell_what_ended(peer);
  if (!peer.card.local && !peer.accepted) dial_lanes(peer);
  return {};
}

// All lanes of an edge are dialled by the side whose control connection stands.
void Switchboard::dial_lanes(Peer& peer) {
  for (uint32_t lane = 0; lane < context_.config().tcp_lanes; ++lane) {
    Dial::Target target;
    target.addresses = peer.card.addresses;
    target.hello = {context_.identity(), peer.card.identity, Purpose::lane, lane};
    target.key = peer.card.key;
    target.deadline_ns = clock_.now_ns() + context_.config().create_timeout;
    peer.lane_dials.push_back(
        Dial::start(*poller_, clock_, context_.random(), std::move(target),
                    [this, index = peer.index](Result<Arrival> arrival) { lane_dialled(this->peer(index), std::move(arrival)); }));
  }
}

void Switchboard::lane_dialled(Peer& peer, Result<Arrival> arrival) {
  if (peer.gone) return;
  if (!arrival.ok()) {
    log(LogLevel::error, "no lane to " + peer.card.label + ": " + arrival.error().text());
    return hang_up(peer);
  }
  adopt_lane(peer, std::move(arrival.value().fd));
}

void Switchboard::adopt_lane(Peer& peer, Fd socket) {
  News news;
  news.kind = News::Kind::lane;
  news.peer = peer.index;
  news.lane.socket = std::move(socket);
  context_.tell(std::move(news));
}

void Switchboard::offer_lane(Peer& peer) {
  if (peer.my_lane != nullptr || !peer.greeted) return;
  auto carved = context_.segment()->carve(shared_lane_bytes());
  if (!carved.ok()) {
    log(LogLevel::error, "no shared memory for messages to " + peer.card.label + ": " + carved.error().text());
    return hang_up(peer);
  }
  peer.my_lane = carved.value();
  send(peer, encode(LaneOffer{context_.segment()->offset(peer.my_lane)}));
}

Status Switchboard::lane_offered(Peer& peer, uint64_t offset) {
  if (!peer.card.local || peer.lane_adopted) return Status(Code::peer, "a shared lane was offered where none is due");
  std::byte* const theirs = HAWSER_TRY(peer.segment->at(offset, shared_lane_bytes()));
  if (offset % line_bytes != 0) return Status(Code::peer, "a shared lane was offered that is not aligned");
  offer_lane(peer);
  if (peer.my_lane == nullptr) return {};
  peer.lane_adopted = true;
  News news;
  news.kind = News::Kind::lane;
  news.peer = peer.index;
  news.shared = true;
  news.lane.mine = peer.my_lane;
  news.lane.theirs = theirs;
  news.lane.bell = peer.bell;
  context_.tell(std::move(news));
  return {};
}

// The first word of an end is passed on once, so that everyone who waits along open connections hears.
void Switchboard::hear_notice(const Notice& notice) {
  const auto membership = context_.find(notice.communicator);
  if (!membership) {
    early_notices_.push_back(notice);  // a faster rank may have it already, and have seen it fail
    if (early_notices_.size() > kEarlyNoticesMax) early_notices_.pop_front();
    return;
  }
  Failure failure{notice.code, notice.blamed, notice.story};
  if (failure.blamed < -1 || failure.blamed >= membership->ranks()) failure.blamed = -1;
  context_.fail(*membership, std::move(failure));
}

// Whoever connects late would wait for ranks that do not come any more.
void Switchboard::tell_what_ended(Peer& peer) {
  for (const auto& membership : context_.known_to_have_ended(peer.index)) {
    const Failure failure = membership->failure();
    send(peer, encode(Notice{membership->key(), failure.code, membership->me(), failure.blamed, failure.story}));
  }
}

void Switchboard::hang_up(Peer& peer) {
  if (!peer.control) return;
  poller_->unwatch(peer.control->fd());
  peer.watched = 0;
  const int error = peer.control->error();
  peer.silent = error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN;
  const bool waits_for_other_dial = !peer.greeted && !peer.accepted;
  peer.control.reset();
  if (!waits_for_other_dial) return lost(peer);
  // Ours was dropped before it was greeted: the other side's own dial stands and comes, or it died.
  poller_->at(clock_.now_ns() + kRedialNs, [this, index = peer.index] {
    Peer& again = this->peer(index);
    if (again.control || again.dial || again.gone) return;
    if (clock_.now_ns() >= again.give_up_ns) return lost(again);
    start_dial(again);
  });
}

void Switchboard::lost(Peer& peer) {
  {
    const std::lock_guard lock(mutex_);
    peer.gone.store(true, std::memory_order_release);
  }
  changed_.notify_all();
  News news;
  news.kind = News::Kind::peer_gone;
  news.peer = peer.index;
  news.silent = peer.silent;
  context_.tell(std::move(news));
}

}  // namespace hawser
