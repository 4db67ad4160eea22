// Getting in elsewhere: connect, prove, or try the next address.
#include <sys/epoll.h>

#include <algorithm>

#include "src/net/door.h"
#include "src/net/socket.h"

namespace hawser {
namespace {

constexpr uint64_t kConnectNs = 1'000'000'000, kHandshakeNs = 2'000'000'000;
constexpr uint64_t kFirstPauseNs = 1'000'000, kLastPauseNs = 100'000'000;  // between rounds through the addresses

}  // namespace

Dial::Dial(Poller& poller, const Clock& clock, Random& random, Target target, Done done)
    : poller_(poller), clock_(clock), random_(random), target_(std::move(target)), done_(std::move(done)), pause_ns_(kFirstPauseNs) {}

std::unique_ptr<Dial> Dial::start(Poller& poller, const Clock& clock, Random& random, Target target, Done done) {
  std::unique_ptr<Dial> dial(new Dial(poller, clock, random, std::move(target), std::move(done)));
  Dial* const made = dial.get();
  made->deadline_ = poller.at(made->target_.deadline_ns, [made] { made->expired(); });
  made->timer_ = poller.at(clock.now_ns(), [made] { made->attempt(); });
  return dial;
}

Dial::~Dial() {
  clear_attempt();
  poller_.cancel(deadline_);
}

void Dial::clear_attempt() {
  poller_.cancel(std::exchange(timer_, 0));
  if (handshake_ && handshake_->fd() >= 0) poller_.unwatch(handshake_->fd());
  if (connecting_) poller_.unwatch(connecting_.get());
  handshake_.reset();
  connecting_.reset();
}

void Dial::limit_attempt(uint64_t ns) {
  poller_.cancel(timer_);
  timer_ = poller_.at(clock_.now_ns() + ns,
                      [this] { failed(Status(Code::unreachable, target_.addresses[next_].text() + " did not answer in time")); });
}

void Dial::attempt() {
  clear_attempt();
  if (target_.addresses.empty()) return finish(Status(Code::unreachable, "there is no address to connect to"));
  Result<Fd> started = start_dial(target_.addresses[next_]);
  if (!started.ok()) return failed(std::move(started).status());
  connecting_ = std::move(started).value();
  const Status watched = poller_.watch(connecting_.get(), EPOLLOUT, [this](uint32_t) { connected(); });
  if (!watched.ok()) return finish(watched.copy());
  limit_attempt(kConnectNs);
}

void Dial::connected() {
  const Address& address = target_.addresses[next_];
  Status status = finish_dial(connecting_, address);
  if (status.ok()) status = target_.hello.purpose == Purpose::lane ? tune_lane(connecting_) : tune(connecting_);
  if (!status.ok()) return failed(std::move(status));
  const int fd = connecting_.get();
  poller_.unwatch(fd);
  handshake_ = Handshake::dial(std::move(connecting_), target_.hello, target_.key, random_);
  status = poller_.watch(fd, EPOLLOUT, [this](uint32_t) { advance(); });
  if (!status.ok()) return finish(std::move(status));
  limit_attempt(kHandshakeNs);
  advance();
}

void Dial::advance() {
  Status status = handshake_->advance();
  if (status.ok() && !handshake_->done()) status = poller_.change(handshake_->fd(), static_cast<uint32_t>(handshake_->wants()));
  if (!status.ok()) return failed(std::move(status).during(target_.addresses[next_].text()));
  if (!handshake_->done()) return;
  poller_.unwatch(handshake_->fd());
  finish(Arrival{handshake_->take(), handshake_->peer(), handshake_->key(), target_.addresses[next_].is_unix()});
}

// On to the next address, after a pause when all had their turn.
void Dial::failed(Status why) {
  clear_attempt();
  if (why.code() == Code::refused) {
    refusal_ = why.copy();
    if (!target_.others_may_answer) {
      target_.addresses.erase(target_.addresses.begin() + static_cast<ptrdiff_t>(next_));
      if (target_.addresses.empty()) return finish(std::move(why));
      --next_;  // wraps at 0; the step below brings it back
    }
  }
  last_ = std::move(why);
  uint64_t start_ns = clock_.now_ns();
  if (++next_ >= target_.addresses.size()) {
    next_ = 0;
    start_ns += pause_ns_;
    pause_ns_ = std::min(pause_ns_ * 2, kLastPauseNs);
  }
  timer_ = poller_.at(start_ns, [this] { attempt(); });
}

void Dial::expired() {
  deadline_ = 0;
  if (!refusal_.ok()) return finish(std::move(refusal_));
  const std::string reason = last_.ok() ? "no answer yet" : last_.text();
  finish(Status(Code::timeout, "no connection before the deadline: " + reason));
}

void Dial::finish(Result<Arrival> result) {
  clear_attempt();
  poller_.cancel(std::exchange(deadline_, 0));
  const Done done = std::move(done_);
  done(std::move(result));  // may destroy this
}

}  // namespace hawser
