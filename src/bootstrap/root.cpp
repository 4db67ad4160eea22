// The root's life: it listens, runs its thread, and ends.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "src/base/log.h"
#include "src/bootstrap/root_state.h"
#include "src/net/machine.h"
#include "src/net/wire.h"

namespace hawser {

using namespace rendezvous;

namespace {

constexpr uint64_t kLastWordsNs = 200'000'000;  // after the deadline, for sockets that are full

}  // namespace

Root::State::State(const Config& config, const std::array<std::byte, 16>& secret, const Clock& clock)
    : clock_(clock),
      self_{random_.next(), random_.next()},
      create_timeout_ns_(config.create_timeout),
      deadline_ns_(clock.now_ns() + config.create_timeout) {
  id_.secret = secret;
  id_.boot = machine_boot_id();
  ring_.add(derive_key(secret, config.secret, "rendezvous"));
}

Root::State::~State() {
  stop();
  finish();
}

// On every interface of the setting, and on a unix name for this machine; with transport=shm, or without any interface, on that name alone.
Result<std::vector<Address>> Root::State::addresses_to_listen_on(const Config& config, const std::vector<Address>& asked) {
  if (!asked.empty()) return asked;
  std::array<std::byte, 8> name{};
  random_.fill(name);
  std::vector<Address> list = {HAWSER_TRY(Address::parse("unix:hawser-" + hexadecimal(name)))};
  if (config.transport == "shm") return list;
  auto found = interfaces(config.interfaces);
  if (!found.ok() && !config.interfaces.empty()) return std::move(found).status();
  if (!found.ok()) {
    log(LogLevel::info, "ranks of this machine only: " + found.error().text());
    return list;
  }
  for (const Interface& each : found.value()) list.push_back(each.address);
  return list;
}

Status Root::State::open(const Config& config, const std::vector<Address>& listen_on) {
  poller_ = HAWSER_TRY(Poller::create(clock_));
  const auto addresses = HAWSER_TRY(addresses_to_listen_on(config, listen_on));
  door_ =
      HAWSER_TRY(Door::open(*poller_, clock_, random_, self_, ring_, addresses, [this](Arrival arrival) { arrived(std::move(arrival)); }));
  id_.addresses = door_->addresses();
  poller_->at(deadline_ns_, [this] {
    expired_ = true;
    if (!member_.empty()) verdict();
    poller_->at(deadline_ns_ + kLastWordsNs, [this] { lingered_ = true; });
  });
  return {};
}

// Signals are the application's: none is handled on this thread.
void Root::State::start() {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Root::State::stop() {
  stopping_.store(true, std::memory_order_release);
  if (poller_) poller_->wake();
}

void Root::State::run() {
  while (!over()) {
    const Status status = poller_->run_once(-1);
    if (status.ok()) continue;
    log(LogLevel::error, "the root of the rendezvous ends: " + status.text());
    break;
  }
  remove_file();
  door_.reset();
  while (!guests_.empty()) forget(guests_.begin()->first);
  finished_.store(true, std::memory_order_release);
}

// All left; or all heard why it failed, or had the time to; or it was told to stop.
bool Root::State::over() const {
  if (stopping_.load(std::memory_order_acquire)) return true;
  const bool all_out = std::all_of(guests_.begin(), guests_.end(), [](const auto& each) { return !each.second.socket.unsent(); });
  if (!failure_.ok()) return lingered_ || (all_out && told_ranks_.size() == ranks_);
  if (ranks_ != 0 && left_ranks_.size() == ranks_) return all_out;
  return expired_;
}

void Root::State::remove_when_met(std::string path, std::string content) {
  const std::lock_guard lock(file_mutex_);
  file_path_ = std::move(path);
  file_content_ = std::move(content);
}

void Root::State::remove_file() {
  const std::lock_guard lock(file_mutex_);
  if (file_path_.empty()) return;
  std::ifstream file(file_path_);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (content == file_content_) ::unlink(file_path_.c_str());  // else it is another job's by now
  file_path_.clear();
}

Root::Root() = default;
Root::~Root() {
  if (state_) state_->finish();
}

Result<std::unique_ptr<Root>> Root::start(const Config& config, const std::array<std::byte, 16>& secret,
                                          const std::vector<Address>& listen_on, const Clock& clock) {
  std::unique_ptr<Root> root(new Root());
  auto state = std::make_unique<State>(config, secret, clock);
  HAWSER_TRY(state->open(config, listen_on).during("starting the root of the rendezvous"));
  state->start();
  root->state_ = std::move(state);
  return root;
}

const UniqueId& Root::id() const { return state_->id(); }
bool Root::finished() const { return state_->finished(); }
void Root::stop() { state_->stop(); }
void Root::remove_when_met(std::string path, std::string content) { state_->remove_when_met(std::move(path), std::move(content)); }

}  // namespace hawser
