// What the root hears, and what it answers: ranks join, rounds go round, and whatever goes wrong is told to all.
#include <sys/epoll.h>

#include <algorithm>

#include "src/base/config.h"
#include "src/base/log.h"
#include "src/bootstrap/root_state.h"

namespace hawser {

using namespace rendezvous;

namespace {

constexpr size_t kFrameBytesMax = kBlobBytesMax + 64;
constexpr uint64_t kLingerNs = 3'000'000'000;  // for ranks that are still to hear why it failed
constexpr uint64_t kMarginMs = 200;            // verdicts come this much before a rank's own deadline, or a tenth of its time
constexpr int kFramesAtOnce = 16;

}  // namespace

void Root::State::arrived(Arrival arrival) {
  if (arrival.hello.purpose != Purpose::rendezvous) return;  // nothing else is served here
  const GuestNumber number = next_guest_++;
  const int fd = arrival.fd.get();
  guests_.try_emplace(number, std::move(arrival.fd), kFrameBytesMax, arrival.hello.detail);
  const Status watched = poller_->watch(fd, EPOLLIN, [this, number](uint32_t events) { ready(number, events); });
  if (!watched.ok()) lost(number, watched);
}

void Root::State::ready(GuestNumber number, uint32_t events) {
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) && !read_from(number)) return;
  if (guests_.contains(number)) write_to(number);
}

bool Root::State::read_from(GuestNumber number) {  // false: it is gone
  for (int i = 0; i < kFramesAtOnce; ++i) {
    const auto found = guests_.find(number);
    if (found == guests_.end()) return false;
    auto frame = found->second.socket.receive();
    if (!frame.ok()) {
      lost(number, frame.error());
      return false;
    }
    if (!frame.value()) return true;
    if (!found->second.closing) heard(number, *frame.value());
  }
  return true;
}

// Hands the socket what it takes; an answer goes piece by piece, so that it lies in memory once for all ranks.
void Root::State::write_to(GuestNumber number) {
  Guest& guest = guests_.at(number);
  Status status = guest.socket.flush();
  while (status.ok() && guest.answer && !guest.socket.unsent()) {
    const std::string_view whole = *guest.answer;
    const Piece piece{guest.answer_round, whole.size(), whole.substr(guest.answered, kPieceBytes)};
    guest.socket.send({static_cast<uint8_t>(Say::answer), encode(piece), {}});
    guest.answered += piece.bytes.size();
    if (guest.answered == whole.size()) guest.answer.reset();
    status = guest.socket.flush();
  }
  if (status.ok()) status = poller_->change(guest.socket.fd(), EPOLLIN | (guest.socket.unsent() ? static_cast<uint32_t>(EPOLLOUT) : 0));
  if (!status.ok()) lost(number, status);
}

void Root::State::say(GuestNumber number, Say what, std::string bytes, bool and_close) {
  Guest& guest = guests_.at(number);
  guest.socket.send({static_cast<uint8_t>(what), std::move(bytes), {}});
  guest.closing = guest.closing || and_close;
  guest.answer.reset();
  write_to(number);
}

void Root::State::heard(GuestNumber number, const Frame& frame) {
  const bool member = guests_.at(number).rank >= 0;
  const auto what = static_cast<Say>(frame.type);
  if (!member && what == Say::join) return joined(number, frame.bytes);
  if (member && what == Say::blob) return told(number, frame.bytes);
  if (member && what == Say::leave) return left(number);
  if (member && what == Say::give_up) {
    const std::string who = guests_.at(number).who;
    told_ranks_.insert(guests_.at(number).rank);  // it knows
    return fail(decode_status(frame.bytes).during(who + " gave up"));
  }
  lost(number, Status(Code::peer, "it said something that makes no sense here"));
}

// --- Joining -------------------------------------------------------------------------------------------------------------------------

void Root::State::joined(GuestNumber number, std::string_view bytes) {
  const auto join = decode_join(bytes);
  Guest& guest = guests_.at(number);
  if (!join || join->rank != guest.rank_in_hello) return lost(number, Status(Code::peer, "it joined with a message that makes no sense"));
  const std::string who = "rank " + std::to_string(join->rank) + " (" + join->who + ")";
  if (!admissible(number, *join, who)) return;
  if (ranks_ == 0) {
    ranks_ = join->ranks;
    first_who_ = who;
  }
  guest.rank = static_cast<int>(join->rank);
  guest.who = who;
  guest.allowed_ms = join->left_ms;
  const uint64_t margin_ms = std::min(kMarginMs, join->left_ms / 10);
  const uint64_t allowed_ns = std::min(join->left_ms - margin_ms, uint64_t{1} << 40) * 1'000'000;
  guest.verdict_ns = clock_.now_ns() + allowed_ns;
  member_[guest.rank] = number;
  arrived_ranks_.insert(guest.rank);
  expect_verdict(guest.verdict_ns);
  if (arrived_ranks_.size() == ranks_) all_arrived();
  say(number, Say::welcome, "", false);
}

// From now on only those wait who have told their part of a round.
void Root::State::all_arrived() {
  remove_file();
  forget_verdict();
  for (const auto& [rank, member] : member_)
    if (guests_.at(member).blob) expect_verdict(guests_.at(member).verdict_ns);
}

// Else it was told why not, and so was everybody whom it concerns.
bool Root::State::admissible(GuestNumber number, const Join& join, const std::string& who) {
  const bool met = ranks_ != 0 && arrived_ranks_.size() == ranks_;
  if (met && join.patient) {
    say(number, Say::busy, "", true);
    return false;
  }
  Status why;
  if (ranks_ != 0 && join.ranks != ranks_) {
    why = Status(Code::mismatch, who + " was started as one of " + std::to_string(join.ranks) + " ranks, " + first_who_ + " as one of " +
                                     std::to_string(ranks_));
  } else if (arrived_ranks_.contains(static_cast<int>(join.rank))) {
    const auto first = member_.find(static_cast<int>(join.rank));
    const std::string other = first == member_.end() ? "one that has left already (is the id used twice?)" : guests_.at(first->second).who;
    why = Status(Code::mismatch, "two ranks have the number " + std::to_string(join.rank) + ": " + who + " and " + other);
  }
  if (failure_.ok() && why.ok()) return true;
  const bool first_failure = failure_.ok();
  if (!first_failure && join.rank < ranks_) told_ranks_.insert(static_cast<int>(join.rank));
  say(number, Say::failed, encode(first_failure ? why : failure_), true);
  if (first_failure) fail(std::move(why));
  return false;
}

// --- Rounds --------------------------------------------------------------------------------------------------------------------------

void Root::State::told(GuestNumber number, std::string_view bytes) {
  const auto blob = decode_blob(bytes);
  Guest& guest = guests_.at(number);
  if (!blob || blob->round != round_ || guest.blob) return lost(number, Status(Code::peer, "it is out of step with the rounds"));
  guest.blob = std::string(blob->bytes);
  ++blobs_;
  round_bytes_ += blob->bytes.size();
  expect_verdict(guest.verdict_ns);
  check_round();
}

void Root::State::check_round() {
  if (!failure_.ok()) return;
  if (round_bytes_ > kRoundBytesMax)
    return fail(Status(Code::invalid, "the ranks want to tell more than " + bytes_text(kRoundBytesMax) + " in one round"));
  if (blobs_ > 0 && !left_ranks_.empty()) {
    const std::vector<int> gone(left_ranks_.begin(), left_ranks_.end());
    return fail(Status(Code::peer, ranks_text(gone, static_cast<int>(ranks_)) + " left before round " + std::to_string(round_)));
  }
  if (blobs_ == ranks_) answer_round();
}

void Root::State::answer_round() {
  std::vector<std::string> blobs;
  std::vector<GuestNumber> all;
  for (const auto& [rank, number] : member_) {  // by rank: a map is ordered
    blobs.push_back(std::move(*guests_.at(number).blob));
    guests_.at(number).blob.reset();
    all.push_back(number);
  }
  const auto answer = std::make_shared<const std::string>(join_blobs(blobs));
  const uint64_t round = round_++;
  blobs_ = round_bytes_ = 0;
  forget_verdict();
  for (const GuestNumber number : all) {
    Guest& guest = guests_.at(number);
    guest.answer = answer;
    guest.answered = 0;
    guest.answer_round = round;
  }
  for (const GuestNumber number : all)
    if (guests_.contains(number) && failure_.ok()) write_to(number);
}

// --- Ends ----------------------------------------------------------------------------------------------------------------------------

void Root::State::left(GuestNumber number) {
  const int rank = guests_.at(number).rank;
  left_ranks_.insert(rank);
  told_ranks_.insert(rank);
  forget(number);
  check_round();
}

void Root::State::lost(GuestNumber number, const Status& why) {
  const Guest& guest = guests_.at(number);
  const int rank = guest.rank;
  const std::string who = guest.who;
  forget(number);
  if (rank < 0) return;  // it never counted
  told_ranks_.insert(rank);
  if (failure_.ok()) fail(Status(Code::peer, who + " died while the communicator was made: " + why.text()));
}

void Root::State::forget(GuestNumber number) {
  const auto found = guests_.find(number);
  poller_->unwatch(found->second.socket.fd());
  if (found->second.rank >= 0) member_.erase(found->second.rank);
  guests_.erase(found);
}

void Root::State::fail(Status why) {
  if (!failure_.ok()) return;
  log(LogLevel::info, "the rendezvous failed: " + why.text());
  failure_ = std::move(why);
  forget_verdict();
  poller_->at(clock_.now_ns() + kLingerNs, [this] { lingered_ = true; });
  const std::map<int, GuestNumber> members = member_;
  for (const auto& [rank, number] : members) {
    if (!guests_.contains(number)) continue;
    told_ranks_.insert(rank);
    say(number, Say::failed, encode(failure_), true);
  }
}

// The root judges when the first of those who wait runs out of time, so that all hear who was missing.
void Root::State::expect_verdict(uint64_t at_ns) {
  if (!failure_.ok() || (verdict_timer_ != 0 && verdict_at_ns_ <= at_ns)) return;
  forget_verdict();
  verdict_at_ns_ = at_ns;
  verdict_timer_ = poller_->at(at_ns, [this] { verdict(); });
}

void Root::State::forget_verdict() { poller_->cancel(std::exchange(verdict_timer_, 0)); }

std::string Root::State::missing_text() const {
  std::vector<int> missing;
  const bool all_here = arrived_ranks_.size() == ranks_;
  for (int rank = 0; rank < static_cast<int>(ranks_); ++rank) {
    const auto member = member_.find(rank);
    const bool has_told = member != member_.end() && guests_.at(member->second).blob.has_value();
    if (all_here ? !has_told : !arrived_ranks_.contains(rank)) missing.push_back(rank);
  }
  const std::string who = ranks_text(missing, static_cast<int>(ranks_));
  return all_here ? who + " did not take part in round " + std::to_string(round_) : who + " did not arrive";
}

void Root::State::verdict() {
  verdict_timer_ = 0;
  uint64_t allowed_ms = create_timeout_ns_ / 1'000'000;
  const uint64_t now = clock_.now_ns();
  for (const auto& [rank, number] : member_)
    if (guests_.at(number).verdict_ns <= now) allowed_ms = std::min(allowed_ms, guests_.at(number).allowed_ms);
  if (allowed_ms >= 500) allowed_ms = (allowed_ms + 50) / 100 * 100;  // what was asked for, less the way here
  fail(Status(Code::timeout, missing_text() + " within " + duration_text(allowed_ms * 1'000'000)));
}

}  // namespace hawser
