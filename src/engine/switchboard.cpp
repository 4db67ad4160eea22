// The engine thread's loop, and what other threads ask of it.
#include "src/engine/switchboard.h"

#include <sys/epoll.h>

#include <algorithm>
#include <chrono>

#include "src/base/log.h"
#include "src/engine/context.h"

namespace hawser {
namespace {

constexpr uint64_t kEdgeNs = 5'000'000'000;  // a peer listens from before it is known; who refuses this long is dead
constexpr uint64_t kLastWordsNs = 100'000'000;
constexpr uint64_t kDutyLookNs = 250'000'000;  // while asleep over somebody's work: lateness is looked at this often

}  // namespace

Switchboard::Switchboard(Context& context, const Clock& clock) : context_(context), clock_(clock) {}

void Switchboard::stop() {
  stop_ = true;
  if (poller_) poller_->wake();
  if (thread_.joinable()) thread_.join();
}

Switchboard::~Switchboard() {
  stop();
  for (const auto& peer : peers_)
    if (peer->control) poller_->unwatch(peer->control->fd());
  door_.reset();
}

Status Switchboard::open(const Config& config) {
  poller_ = HAWSER_TRY(Poller::create(clock_));
  std::vector<Address> doors;
  if (config.transport != "tcp") {
    door_name_ = "hawser-" + to_string(context_.identity());
    doors.push_back(HAWSER_TRY(Address::parse("unix:" + door_name_)));
  }
  if (config.transport != "shm") {
    auto found = hawser::interfaces(config.interfaces);
    if (!found.ok() && (config.transport == "tcp" || !config.interfaces.empty())) return std::move(found).status();
    if (found.ok()) interfaces_ = std::move(found).value();  // a host without any network still has its own ranks
    for (const Interface& interface : interfaces_) doors.push_back(interface.address);
  }
  door_ = HAWSER_TRY(Door::open(*poller_, clock_, context_.random(), context_.identity(), keys_, doors, [this](Arrival arrival) {
                       arrived(std::move(arrival));
                     }).during("listening for ranks"));
  addresses_ = door_->addresses();
  if (!door_name_.empty()) addresses_.erase(addresses_.begin());
  thread_ = std::thread([this] { loop(); });
  return {};
}

void Switchboard::loop() {
  bool watching = false;
  while (!stop_) {
    run_posted();
    if (duty_.exchange(false)) {
      if (watching) poller_->unwatch(context_.waiter().sleep_fd());
      watching = context_.duty();
      if (watching) (void)poller_->watch(context_.waiter().sleep_fd(), EPOLLIN, [this](uint32_t) { duty_ = true; });
      if (duty_) continue;
    }
    (void)poller_->run_once(watching ? static_cast<int64_t>(kDutyLookNs) : -1);
    if (watching) duty_ = true;
  }
  say_everything();
}

void Switchboard::say_everything() {
  run_posted();
  const uint64_t deadline_ns = clock_.now_ns() + kLastWordsNs;
  const auto unsent = [](const auto& peer) { return peer->control && peer->control->flush().ok() && peer->control->unsent(); };
  while (clock_.now_ns() < deadline_ns && std::any_of(peers_.begin(), peers_.end(), unsent)) (void)poller_->run_once(1'000'000);
}

void Switchboard::hear_out(PeerIndex index) {
  if (in_thread()) return control_ready(peer(index));
  auto heard = std::make_shared<bool>(false);
  post([this, index, heard] {
    control_ready(peer(index));
    const std::lock_guard lock(mutex_);
    *heard = true;
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(kLastWordsNs), [&] { return *heard; });
}

void Switchboard::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  poller_->wake();
}

void Switchboard::run_posted() {
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (const auto& item : work) item();
}

void Switchboard::on_duty() {
  duty_ = true;
  if (!in_thread()) poller_->wake();
}

Peer* Switchboard::find(const Identity& identity) const {
  const std::lock_guard lock(mutex_);
  for (const auto& peer : peers_)
    if (peer->card.identity == identity) return peer.get();
  return nullptr;
}

Peer& Switchboard::peer(PeerIndex index) const {
  const std::lock_guard lock(mutex_);
  return *peers_[index];
}

std::vector<PeerIndex> Switchboard::introduce(const std::vector<PeerCard>& cards) {
  std::vector<PeerIndex> indexes;
  for (const PeerCard& card : cards) {
    if (card.identity == context_.identity()) {
      indexes.push_back(no_peer);
    } else if (const Peer* known = find(card.identity)) {
      indexes.push_back(known->index);
    } else {
      const std::lock_guard lock(mutex_);
      const auto index = static_cast<PeerIndex>(peers_.size());
      // An aggregate with constant members. NOLINTNEXTLINE(modernize-make-unique)
      peers_.push_back(std::unique_ptr<Peer>(new Peer{.index = index, .card = card}));
      indexes.push_back(index);
    }
  }
  post([this] {  // whoever came before it was introduced
    for (Arrival& arrival : std::exchange(early_, {})) arrived(std::move(arrival));
  });
  return indexes;
}

std::vector<bool> Switchboard::reach(const std::vector<PeerIndex>& wanted, uint64_t deadline_ns, const std::atomic<bool>* cancel) {
  for (const PeerIndex index : wanted)
    post([this, index, deadline_ns] {
      Peer& peer = this->peer(index);
      peer.give_up_ns = deadline_ns;
      if (!peer.connected && !peer.gone && !peer.dial && !peer.control && context_.identity() < peer.card.identity) start_dial(peer);
    });
  const auto decided = [&](PeerIndex index) { return peers_[index]->connected.load() || peers_[index]->gone.load(); };
  std::unique_lock lock(mutex_);
  while (!std::all_of(wanted.begin(), wanted.end(), decided)) {
    if (clock_.now_ns() >= deadline_ns || (cancel != nullptr && cancel->load())) break;
    changed_.wait_for(lock, std::chrono::milliseconds(20));
  }
  std::vector<bool> reached;
  for (const PeerIndex index : wanted) reached.push_back(peers_[index]->connected.load() && !peers_[index]->gone.load());
  return reached;
}

void Switchboard::want_edge(PeerIndex index) {
  post([this, index] {
    Peer& wanted = peer(index);
    if (wanted.gone) return lost(wanted);
    if (wanted.card.local) return offer_lane(wanted);
    if (wanted.control || wanted.dial) return;
    wanted.give_up_ns = clock_.now_ns() + kEdgeNs;
    start_dial(wanted);
  });
}

void Switchboard::announce(const std::shared_ptr<Membership>& membership, const Failure& failure) {
  post([this, membership, failure] {
    for (const PeerIndex index : membership->peers()) {
      if (index == no_peer) continue;
      Peer& member = peer(index);
      if (member.control && member.greeted)
        send(member, encode(Notice{membership->key(), failure.code, membership->me(), failure.blamed, failure.story}));
    }
  });
}

void Switchboard::hear_early_notices(CommunicatorKey key) {
  post([this, key] {
    std::deque<Notice> later;
    for (const Notice& notice : std::exchange(early_notices_, {}))
      notice.communicator == key ? hear_notice(notice) : later.push_back(notice);
    early_notices_ = std::move(later);
  });
}

std::vector<std::string> Switchboard::ask(const Membership& membership, const std::vector<Rank>& ranks, uint64_t wait_ns) {
  struct Inquiry {
    std::vector<std::string> answers;
    size_t missing;
  };
  auto inquiry = std::make_shared<Inquiry>(Inquiry{std::vector<std::string>(ranks.size()), ranks.size()});
  const CommunicatorKey key = membership.key();
  std::vector<PeerIndex> asked;
  for (const Rank rank : ranks)
    asked.push_back(rank >= 0 && rank < membership.ranks() ? membership.peers()[static_cast<size_t>(rank)] : no_peer);
  post([this, inquiry, key, asked] {
    for (size_t i = 0; i < asked.size(); ++i) {
      Peer* const one = asked[i] == no_peer ? nullptr : &peer(asked[i]);
      const std::lock_guard lock(mutex_);
      if (one == nullptr || !one->control || !one->greeted) {
        --inquiry->missing;
        continue;
      }
      const uint64_t number = next_question_++;
      questions_[number] = [inquiry, i](const std::string& story) {
        inquiry->answers[i] = story;
        --inquiry->missing;
      };
      one->control->send(encode(Ask{key, number}));
      (void)one->control->flush();
    }
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(wait_ns), [&] { return inquiry->missing == 0; });
  return inquiry->answers;
}

}  // namespace hawser
