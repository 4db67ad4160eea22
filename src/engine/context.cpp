// A context's life, its communicators' ends, and the words in which failures are told.
#include "src/engine/context.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "src/base/log.h"
#include "transports/catalog.h"

namespace hawser {
namespace {

constexpr uint64_t kAskNs = 300'000'000;
constexpr size_t kEndedMax = 256;  // remembered for late peers

}  // namespace

Context::Context(const Config& config, const Clock& clock)
    : config_(config),
      clock_(clock),
      identity_{random_.next(), random_.next()},
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      waiter_(private_bell_, event_.get(), seat_) {}

Result<std::unique_ptr<Context>> Context::create(const Config& config, const Clock& clock) {
  std::unique_ptr<Context> context(new Context(config, clock));
  if (!context->event_) return Status(Code::system, "no more descriptors for a context; raise `ulimit -n`");
  (void)register_for_barriers();
  context->self_ = {&context->private_bell_, context->event_.get()};
  if (config.transport != "tcp") {
    context->segment_ = HAWSER_TRY(Segment::create(context->identity_, config.segment));
    context->self_.bell = &context->segment_->bell();
    context->waiter_.use_bell(context->segment_->bell());
  }
  for (const TransportRow& row : transports()) {
    const bool shared = row.name == "shm" && config.transport != "tcp", wire = row.name == "tcp" && config.transport != "shm";
    if (!shared && !wire) continue;
    context->owned_transports_.push_back(row.make());
    (shared ? context->shared_ : context->wire_) = context->owned_transports_.back().get();
  }
  context->executor_ = std::make_unique<Executor>(*context);
  context->waiter_.set_last_look(&Context::moves_something, context.get());
  context->switchboard_ = std::make_unique<Switchboard>(*context, clock);
  HAWSER_TRY(context->switchboard_->open(config));
  return context;
}

// The engine thread drives executor and transports, and these touch segments of peers, so they end in this order.
Context::~Context() {
  if (switchboard_) switchboard_->stop();
  executor_.reset();
  owned_transports_.clear();
  switchboard_.reset();
}

void Context::enlist(const std::shared_ptr<Membership>& membership) {
  {
    const std::lock_guard lock(queue_mutex_);
    memberships_.push_back(membership);
  }
  switchboard_->hear_early_notices(membership->key());
}

void Context::dismiss(Membership& membership) {
  ParkedCaller me;
  me.left = 1;
  {
    const std::lock_guard lock(queue_mutex_);
    News news;
    news.kind = News::Kind::dismissed;
    news.communicator = membership.key();
    news.caller = &me;
    news_.push_back(std::move(news));
  }
  seat_.attend();
  serve(me);
  const std::lock_guard lock(queue_mutex_);
  const auto found = std::find_if(memberships_.begin(), memberships_.end(), [&](const auto& other) { return other.get() == &membership; });
  if (found == memberships_.end()) return;
  if (membership.is_known()) ended_.push_back(*found);
  if (ended_.size() > kEndedMax) ended_.pop_front();
  memberships_.erase(found);
}

std::vector<std::shared_ptr<Membership>> Context::known_to_have_ended(PeerIndex peer) {
  const std::lock_guard lock(queue_mutex_);
  std::vector<std::shared_ptr<Membership>> ended;
  const auto note = [&](const auto& membership) {
    if (membership->is_known() && membership->rank_of(peer) >= 0) ended.push_back(membership);
  };
  std::for_each(memberships_.begin(), memberships_.end(), note);
  std::for_each(ended_.begin(), ended_.end(), note);
  return ended;
}

std::shared_ptr<Membership> Context::find(CommunicatorKey key) {
  const std::lock_guard lock(queue_mutex_);
  for (const auto& membership : memberships_)
    if (membership->key() == key) return membership;
  return nullptr;
}

void Context::fail(Membership& membership, Failure failure) {
  const Code code = failure.code;
  const Rank blamed = failure.blamed;
  if (!membership.fail(failure)) return;
  for (const PeerIndex peer : membership.peers())
    if (peer != no_peer && switchboard_->peer(peer).card.local) stores_may_come_.store(true, std::memory_order_relaxed);
  membership.make_known();
  if (const auto alive = find(membership.key())) switchboard_->announce(alive, failure);
  News news;
  news.kind = News::Kind::failed;
  news.communicator = membership.key();
  news.code = code;
  news.blamed = blamed;
  tell(std::move(news));
}

void Context::tell(News news) {
  {
    const std::lock_guard lock(queue_mutex_);
    news_.push_back(std::move(news));
  }
  seat_.attend();
  wake_holder();
}

std::string Context::label(const Membership& membership, Rank rank) const {
  const PeerIndex peer = rank >= 0 && rank < membership.ranks() ? membership.peers()[static_cast<size_t>(rank)] : no_peer;
  if (peer == no_peer) return "rank " + std::to_string(rank);
  return "rank " + std::to_string(rank) + " (" + switchboard_->peer(peer).card.label + ")";
}

// Of the holder: an operation failed; its communicator ends with a story that says who and what.
void Context::explain_failure(Submission& submission) {
  Operation& operation = submission.operation;
  Membership& membership = *submission.membership;
  const Code code = operation.code.load(std::memory_order_relaxed);
  if (code == Code::ok || code == Code::truncated || membership.state() != Code::ok) return;
  fail(membership, describe(membership, code, operation.blamed, submission.description));
}

Failure Context::describe(Membership& membership, Code code, Rank blamed, const Description& what) {
  Failure failure{code, blamed, {}};
  const std::string who = label(membership, blamed);
  if (code == Code::peer) {
    if (blamed >= 0 && membership.peers()[static_cast<size_t>(blamed)] != no_peer)
      switchboard_->hear_out(membership.peers()[static_cast<size_t>(blamed)]);
    failure.story = who + " died or left while " + what.text() + " needed it: its connection ended";
  } else if (code == Code::mismatch) {
    const auto answers = blamed >= 0 ? ask(membership, {blamed}, kAskNs) : std::vector<std::string>(1);
    failure.story = "ranks called different operations: rank " + std::to_string(membership.me()) + " called " + what.text() + ", but " +
                    who + (answers[0].empty() ? " sent something else" : " " + answers[0]);
  } else {
    failure.story = what.text() + ": " + std::string(hawser::name(code)) + (blamed >= 0 ? ", because of " + who : "");
  }
  return failure;
}

std::vector<std::string> Context::ask(Membership& membership, const std::vector<Rank>& ranks, uint64_t wait_ns) {
  if (switchboard_->in_thread()) return std::vector<std::string>(ranks.size());  // it cannot wait for itself
  return switchboard_->ask(membership, ranks, wait_ns);
}

Code Context::late(Membership& membership, const Description& what, Lateness& lateness, uint64_t timeout_ns,
                   const std::vector<Rank>& awaited) {
  const uint64_t now = clock_.now_ns();
  if (lateness.since_ns == 0) lateness.since_ns = now;
  const uint64_t waited = now - lateness.since_ns;
  const bool warns = config_.warning != 0 && waited >= config_.warning && !lateness.warned, fails = waited >= timeout_ns;
  if (!warns && !fails) return Code::ok;
  std::string story = what.text() + " on " + membership.name() + " waits since " + duration_text(waited / 1'000'000 * 1'000'000) + " for";
  const auto answers = ask(membership, awaited, kAskNs);
  for (size_t i = 0; i < awaited.size(); ++i)
    story += (i ? "; " : " ") + label(membership, awaited[i]) + ", which " + (answers[i].empty() ? "does not answer" : answers[i]);
  if (awaited.empty()) story += " its transports";
  lateness.warned = true;
  if (!fails) {
    log(LogLevel::warning, story);
    return Code::ok;
  }
  fail(membership, {Code::timeout, awaited.empty() ? -1 : awaited[0], story});
  return Code::timeout;
}

}  // namespace hawser
