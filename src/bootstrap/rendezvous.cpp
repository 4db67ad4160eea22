// A rank's side of the rendezvous: it joins the root and takes part in rounds, blocking, within its deadline.
#include "src/bootstrap/rendezvous.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "src/bootstrap/messages.h"
#include "src/net/door.h"
#include "src/net/frames.h"
#include "src/net/machine.h"

namespace hawser {
namespace {

using namespace rendezvous;

constexpr uint64_t kCancelNs = 20'000'000;    // how often a wait looks at *cancel, which nobody can wake
constexpr uint64_t kPartingNs = 500'000'000;  // what telling the root why may take
constexpr uint64_t kBusyNs = 20'000'000;

Status cancelled() { return Status(Code::aborted, "creation was aborted"); }

class Member final : public Exchange {
 public:
  Member(Fd fd, const JoinOptions& options, const Clock& clock)
      : socket_(std::move(fd), kPieceBytes + 64), options_(options), clock_(clock) {}
  ~Member() override {
    if (!failure_.ok()) return;
    socket_.send({static_cast<uint8_t>(Say::leave), "", {}});
    (void)socket_.flush();
  }
  int rank() const override { return options_.rank; }
  int ranks() const override { return options_.ranks; }
  Result<std::vector<std::string>> all_gather(std::string_view mine) override;
  void give_up(const Status&) override;

  Result<bool> enter(bool patient);  // false: busy, try again later

 private:
  Result<std::vector<std::string>> gather(std::string_view mine);
  Result<Frame> next();
  Result<std::optional<Frame>> exchange_bytes();
  Status wait(uint64_t until_ns, bool heed_cancel);
  Status end(Status why);  // remembers, and tells the root

  FrameSocket socket_;
  const JoinOptions options_;
  const Clock& clock_;
  uint64_t round_ = 1;
  bool told_ = false;  // the root said "failed", or was told
  Status failure_;
};

Status Member::wait(uint64_t until_ns, bool heed_cancel) {
  const bool cancellable = heed_cancel && options_.cancel;
  if (cancellable && options_.cancel->load(std::memory_order_acquire)) return cancelled();
  const uint64_t now = clock_.now_ns();
  if (now >= until_ns)
    return Status(Code::timeout,
                  "the root of the rendezvous did not answer before the deadline: the process that made the id hangs or is stopped");
  const uint64_t wait_ns = std::min(until_ns - now, cancellable ? kCancelNs : UINT64_MAX);
  pollfd waiting{socket_.fd(), static_cast<short>(POLLIN | (socket_.unsent() ? POLLOUT : 0)), 0};
  ::poll(&waiting, 1, static_cast<int>(std::min<uint64_t>(wait_ns / 1'000'000 + 1, 1'000'000)));
  return {};
}

// Writes and reads what goes without waiting. What was said before the connection broke comes first: it may be the reason.
Result<std::optional<Frame>> Member::exchange_bytes() {
  Status flushed = socket_.flush();
  auto frame = socket_.receive();
  if (!frame.ok() || frame.value() || flushed.ok()) return frame;
  return flushed;
}

Result<Frame> Member::next() {
  while (true) {
    auto came = exchange_bytes();
    if (!came.ok()) return std::move(came).during("the root of the rendezvous is gone").status();
    if (!came.value()) {
      HAWSER_TRY(wait(options_.deadline_ns, true));
      continue;
    }
    if (came.value()->type != static_cast<uint8_t>(Say::failed)) return std::move(*came.value());
    told_ = true;
    return decode_status(came.value()->bytes);
  }
}

Status Member::end(Status why) {
  failure_ = why.copy();
  if (told_) return why;
  told_ = true;
  socket_.send({static_cast<uint8_t>(Say::give_up), encode(why), {}});
  const uint64_t until = clock_.now_ns() + kPartingNs;
  while (socket_.flush().ok() && socket_.unsent() && wait(until, false).ok()) {}
  return why;
}

Result<bool> Member::enter(bool patient) {
  const uint64_t now = clock_.now_ns(), left_ns = options_.deadline_ns > now ? options_.deadline_ns - now : 0;
  const std::string who = "host " + machine_name() + ", process " + std::to_string(::getpid());
  const Join join{static_cast<uint32_t>(options_.ranks), static_cast<uint32_t>(options_.rank), (left_ns + 999'999) / 1'000'000, patient,
                  who.substr(0, 512)};
  socket_.send({static_cast<uint8_t>(Say::join), encode(join), {}});
  auto answer = next();
  if (!answer.ok() && patient && !told_ && answer.error().code() == Code::peer) {  // an earlier root that just ended
    failure_ = answer.error().copy();
    return false;
  }
  if (!answer.ok()) return end(std::move(answer).status());
  if (answer->type == static_cast<uint8_t>(Say::welcome)) return true;
  failure_ = Status(Code::peer, "the root is busy with others");  // no member of it: there is nothing to leave
  if (answer->type == static_cast<uint8_t>(Say::busy)) return false;
  return Status(Code::peer, "the root of the rendezvous answered nonsense");
}

Result<std::vector<std::string>> Member::gather(std::string_view mine) {
  if (mine.size() > kBlobBytesMax)
    return Status(Code::invalid,
                  "rank " + std::to_string(rank()) + " wants to tell " + std::to_string(mine.size()) + " bytes; 1 MiB is the most");
  socket_.send({static_cast<uint8_t>(Say::blob), encode(Blob{round_, mine}), {}});
  std::string answer;
  uint64_t total = 0;
  do {
    const Frame frame = HAWSER_TRY(next());
    const auto piece = frame.type == static_cast<uint8_t>(Say::answer) ? decode_piece(frame.bytes) : std::nullopt;
    const bool first = answer.empty();
    if (!piece || piece->round != round_ || (!first && piece->total_bytes != total))
      return Status(Code::peer, "the root of the rendezvous answered nonsense");
    total = piece->total_bytes;
    if (total > kRoundBytesMax + 4 * static_cast<uint64_t>(ranks()) || piece->bytes.size() > total - answer.size())
      return Status(Code::peer, "the root of the rendezvous sent more than a round can hold");
    answer += piece->bytes;
  } while (answer.size() < total);
  auto blobs = split_blobs(answer, static_cast<size_t>(ranks()));
  if (!blobs) return Status(Code::peer, "the root of the rendezvous sent a round that does not fit the number of ranks");
  ++round_;
  return std::move(*blobs);
}

Result<std::vector<std::string>> Member::all_gather(std::string_view mine) {
  if (!failure_.ok()) return failure_.copy();
  auto blobs = gather(mine);
  if (!blobs.ok()) return end(std::move(blobs).status());
  return blobs;
}

void Member::give_up(const Status& why) {
  if (failure_.ok() && !why.ok()) (void)end(why.copy());
}

// --- Getting in ----------------------------------------------------------------------------------------------------------------------

std::vector<Address> reachable(const UniqueId& id) {
  const bool same_machine = id.boot != std::array<std::byte, 16>{} && id.boot == machine_boot_id();
  std::vector<Address> list;
  for (const Address& each : id.addresses)
    if (each.is_unix() && same_machine) list.push_back(each);
  for (const Address& each : id.addresses)
    if (!each.is_unix()) list.push_back(each);
  return list;
}

Result<Fd> connect_to_root(const UniqueId& id, const Config& config, const JoinOptions& options, const Clock& clock, Random& random) {
  const auto poller = HAWSER_TRY(Poller::create(clock));
  Dial::Target target;
  target.addresses = reachable(id);
  target.hello = {.from = options.self, .to = {}, .purpose = Purpose::rendezvous, .detail = static_cast<uint32_t>(options.rank)};
  target.key = derive_key(id.secret, config.secret, "rendezvous");
  target.deadline_ns = options.deadline_ns;
  target.others_may_answer = id.addresses_shared;
  if (target.addresses.empty())
    return Status(Code::unreachable,
                  "the id holds no address that this machine can reach: it was made on another machine without a network interface");
  std::optional<Result<Arrival>> arrival;
  const auto dial = Dial::start(*poller, clock, random, std::move(target), [&](Result<Arrival> result) { arrival = std::move(result); });
  while (!arrival) {
    if (options.cancel && options.cancel->load(std::memory_order_acquire)) return cancelled();
    HAWSER_TRY(poller->run_once(options.cancel ? static_cast<int64_t>(kCancelNs) : -1));
  }
  if (arrival->ok()) return std::move(arrival->value().fd);
  Status why = std::move(*arrival).status();
  if (why.code() == Code::refused)
    return std::move(why).during("the root refused rank " + std::to_string(options.rank) +
                                 "; is the setting secret (HAWSER_SECRET) the same on every rank?");
  return std::move(why).during("rank " + std::to_string(options.rank) + " could not reach the root of the rendezvous");
}

}  // namespace

Result<std::unique_ptr<Exchange>> join(const UniqueId& id, const Config& config, const JoinOptions& options, const Clock& clock,
                                       Random& random) {
  if (options.ranks < 1 || options.rank < 0 || options.rank >= options.ranks || static_cast<uint32_t>(options.ranks) > kRanksMax)
    return Status(Code::invalid, "rank " + std::to_string(options.rank) + " of " + std::to_string(options.ranks) + " is not possible");
  while (true) {
    Fd fd = HAWSER_TRY(connect_to_root(id, config, options, clock, random));
    auto member = std::make_unique<Member>(std::move(fd), options, clock);
    if (HAWSER_TRY(member->enter(id.addresses_shared))) return std::unique_ptr<Exchange>(std::move(member));
    ::poll(nullptr, 0, kBusyNs / 1'000'000);
  }
}

}  // namespace hawser
