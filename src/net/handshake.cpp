// The four messages of the handshake and the machine that exchanges them. docs/protocol/connections.md has the bytes.
//
//   dialler -> acceptor   HELLO    who, to whom, for what, which key, a nonce
//   acceptor -> dialler   ANSWER   who, a nonce, its proof
//   dialler -> acceptor   PROOF    its proof
//   acceptor -> dialler   WELCOME  a last proof, so that the dialler knows that it was let in
//
// A proof is an HMAC under the shared key over the name of the role and everything said so far: a message sent back to its author, moved to
// another connection or changed by one bit proves nothing. An acceptor that does not know the key, or is not the one looked for, goes on
// with a key drawn at random: its answer looks the same, and the dialler's proof fails as a wrong one does.
#include "src/net/handshake.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>

#include "src/net/crypto.h"
#include "src/net/wire.h"

namespace hawser {
namespace {

constexpr std::string_view kHelloMagic = "\x89HAWSER\n", kAnswerMagic = "\x89HAWSER\r";  // unlike, so that an echo shows at once
constexpr uint32_t kVersion = 1;
constexpr size_t kNonceBytes = 32, kProofBytes = 32;
constexpr size_t kPrefixBytes = 12;                                               // magic and version begin the first message each way
constexpr size_t kHelloBytes = kPrefixBytes + 8 + 1 + 4 + 16 + 16 + kNonceBytes;  // 89
constexpr size_t kAnswerBytes = kPrefixBytes + 16 + kNonceBytes + kProofBytes;    // 92
constexpr std::string_view kAcceptorRole = "hawser acceptor", kDiallerRole = "hawser dialler", kWelcomeRole = "hawser welcome";

enum class Turn {
  send_hello,
  read_answer_prefix,
  read_answer,
  send_proof,
  read_welcome,
  read_hello_prefix,
  read_hello,
  send_answer,
  read_proof,
  send_welcome,
  done
};

bool reads(Turn turn) {
  return turn == Turn::read_answer_prefix || turn == Turn::read_answer || turn == Turn::read_welcome || turn == Turn::read_hello_prefix ||
         turn == Turn::read_hello || turn == Turn::read_proof;
}

size_t bytes_wanted(Turn turn) {  // in all, with the prefix that was read before
  if (turn == Turn::read_answer_prefix || turn == Turn::read_hello_prefix) return kPrefixBytes;
  if (turn == Turn::read_answer) return kAnswerBytes;
  if (turn == Turn::read_hello) return kHelloBytes;
  return kProofBytes;
}

Status no_hawser() { return Status(Code::refused, "the other end does not speak Hawser's protocol"); }
Status other_version(uint32_t theirs) {
  return Status(Code::refused, "the other end speaks version " + std::to_string(theirs) +
                                   " of the connection protocol, this library version " + std::to_string(kVersion) +
                                   "; use one Hawser everywhere");
}
Status no_proof() { return Status(Code::refused, "the other end does not know our key, or is not whom we look for"); }

bool known(uint8_t purpose) {
  return purpose >= static_cast<uint8_t>(Purpose::rendezvous) && purpose <= static_cast<uint8_t>(Purpose::lane);
}

}  // namespace

struct Handshake::State {
  Fd fd;
  Turn turn = Turn::done;
  bool dialler = false;
  Identity self;
  Hello hello;        // what the dialler said
  Identity acceptor;  // who answered
  const KeyRing* keys = nullptr;
  SecretKey key{}, decoy{};  // decoy: stands in for a key we do not know
  uint64_t id = 0;
  std::array<std::byte, kNonceBytes> nonce{};
  std::string transcript;  // HELLO, then ANSWER with its proof
  std::string in, out;     // the message under way
  std::string_view their_magic() const { return dialler ? kAnswerMagic : kHelloMagic; }
  size_t sent = 0;
  Hello peer;

  Digest proof(std::string_view role) const { return hmac_sha256(key, std::string(role) + '\0' + transcript); }
  bool proven(std::string_view role, std::string_view theirs) const {
    return equal_in_constant_time(proof(role), std::as_bytes(std::span(theirs)));
  }
  void say(Turn next, std::string message) {
    out = std::move(message);
    sent = 0;
    turn = next;
  }
  void say_proof(Turn next, std::string_view role) { say(next, WireWriter().raw(proof(role)).take()); }
  void listen(Turn next) {
    if (next != Turn::read_answer && next != Turn::read_hello) in.clear();
    turn = next;
  }

  Result<bool> write_some();
  Result<bool> read_some();
  Status check_prefix(bool answer_with_ours);
  Status heard();
  Status heard_hello();
  Status heard_answer();
  void spoken();
  Status ended(int error) const;
};

// The other end went away: who dials may try again, who accepts forgets it.
Status Handshake::State::ended(int error) const {
  const std::string how = error == 0 ? "ended the connection" : "broke the connection (" + std::generic_category().message(error) + ")";
  if (!dialler) return Status(Code::refused, "the other end " + how + " before it proved to know a key of ours");
  return Status(Code::unreachable, "the other end " + how + " during the handshake");
}

Result<bool> Handshake::State::write_some() {  // true: all is out
  while (sent < out.size()) {
    const ssize_t wrote = ::send(fd.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (wrote < 0) return ended(errno);
    sent += static_cast<size_t>(wrote);
  }
  return true;
}

Result<bool> Handshake::State::read_some() {  // true: the message is whole. Never reads past it: what follows is not ours.
  const size_t wanted = bytes_wanted(turn);
  while (in.size() < wanted) {
    char part[kAnswerBytes + kHelloBytes];
    const ssize_t got = ::recv(fd.get(), part, wanted - in.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (got <= 0) return ended(got < 0 ? errno : 0);
    in.append(part, static_cast<size_t>(got));
    if (wanted == kPrefixBytes && !their_magic().starts_with(std::string_view(in).substr(0, kHelloMagic.size())))
      return no_hawser();  // at its first wrong byte
  }
  return true;
}

Status Handshake::State::check_prefix(bool answer_with_ours) {
  WireReader reader(in);
  if (reader.raw(kHelloMagic.size()) != their_magic()) return no_hawser();
  const uint32_t version = reader.number<uint32_t>();
  if (version == kVersion) return {};
  if (answer_with_ours) {  // so that the dialler can name both versions, too; what does not fit into an empty socket buffer is not sent
    const std::string ours = WireWriter().raw(kAnswerMagic).number(kVersion).take();
    (void)::send(fd.get(), ours.data(), ours.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)::shutdown(fd.get(), SHUT_WR);
    char rest[512];  // unread bytes would turn the close into a reset, which may overtake what we said
    (void)::recv(fd.get(), rest, sizeof rest, MSG_DONTWAIT);
  }
  return other_version(version);
}

Status Handshake::State::heard_hello() {
  WireReader reader(in);
  reader.raw(kPrefixBytes);
  id = reader.number<uint64_t>();
  const uint8_t purpose = reader.number<uint8_t>();
  hello.detail = reader.number<uint32_t>();
  hello.from = reader.identity();
  hello.to = reader.identity();
  hello.purpose = static_cast<Purpose>(purpose);
  const auto found = keys->find(id);
  const bool for_us = hello.to == Identity{} || hello.to == self;
  key = found && for_us && known(purpose) ? *found : decoy;
  transcript = in;
  WireWriter answer;
  answer.raw(kAnswerMagic).number(kVersion).identity(self).raw(nonce);
  transcript += answer.bytes();
  const Digest mine = proof(kAcceptorRole);
  transcript.append(reinterpret_cast<const char*>(mine.data()), mine.size());
  say(Turn::send_answer, answer.raw(mine).take());
  return {};
}

Status Handshake::State::heard_answer() {
  WireReader reader(in);
  reader.raw(kPrefixBytes);
  acceptor = reader.identity();
  const std::string_view whole = in;
  transcript += whole.substr(0, kAnswerBytes - kProofBytes);
  const std::string_view theirs = whole.substr(kAnswerBytes - kProofBytes);
  const bool whom_we_look_for = hello.to == Identity{} || hello.to == acceptor;
  if (!proven(kAcceptorRole, theirs) || !whom_we_look_for) return no_proof();
  transcript += theirs;
  say_proof(Turn::send_proof, kDiallerRole);
  return {};
}

// A message is in: judge it, and say the next one.
Status Handshake::State::heard() {
  switch (turn) {
    case Turn::read_hello_prefix:
      HAWSER_TRY(check_prefix(true));
      listen(Turn::read_hello);
      return {};
    case Turn::read_hello:
      return heard_hello();
    case Turn::read_proof:
      if (!proven(kDiallerRole, in)) return no_proof();
      say_proof(Turn::send_welcome, kWelcomeRole);
      return {};
    case Turn::read_answer_prefix:
      HAWSER_TRY(check_prefix(false));
      listen(Turn::read_answer);
      return {};
    case Turn::read_answer:
      return heard_answer();
    default:
      assert(turn == Turn::read_welcome);
      if (!proven(kWelcomeRole, in)) return no_proof();
      peer = {.from = acceptor, .to = hello.from, .purpose = hello.purpose, .detail = hello.detail};
      turn = Turn::done;
      return {};
  }
}

// A message is out: what we expect now.
void Handshake::State::spoken() {
  if (turn == Turn::send_hello) listen(Turn::read_answer_prefix);
  else if (turn == Turn::send_proof) listen(Turn::read_welcome);
  else if (turn == Turn::send_answer) listen(Turn::read_proof);
  else if (turn == Turn::send_welcome) {
    peer = hello;
    turn = Turn::done;
  }
}

Handshake::Handshake() : state_(std::make_unique<State>()) {}
Handshake::~Handshake() = default;

std::unique_ptr<Handshake> Handshake::dial(Fd connecting, const Hello& mine, const SecretKey& key, Random& random) {
  std::unique_ptr<Handshake> made(new Handshake());
  State& state = *made->state_;
  state.fd = std::move(connecting);
  state.dialler = true;
  state.hello = mine;
  state.key = key;
  state.id = key_id(key);
  random.fill(state.nonce);
  WireWriter hello;
  hello.raw(kHelloMagic).number(kVersion).number(state.id).number(static_cast<uint8_t>(mine.purpose)).number(mine.detail);
  hello.identity(mine.from).identity(mine.to).raw(state.nonce);
  state.transcript = hello.bytes();
  state.say(Turn::send_hello, hello.take());
  return made;
}

std::unique_ptr<Handshake> Handshake::accept(Fd fd, const Identity& self, const KeyRing& keys, Random& random) {
  std::unique_ptr<Handshake> made(new Handshake());
  State& state = *made->state_;
  state.fd = std::move(fd);
  state.self = self;
  state.keys = &keys;
  random.fill(state.nonce);
  random.fill(state.decoy);
  state.listen(Turn::read_hello_prefix);
  return made;
}

Status Handshake::advance() {
  State& state = *state_;
  while (state.turn != Turn::done) {
    const bool whole = HAWSER_TRY(reads(state.turn) ? state.read_some() : state.write_some());
    if (!whole) return {};
    if (reads(state.turn)) HAWSER_TRY(state.heard());
    else state.spoken();
  }
  return {};
}

bool Handshake::done() const { return state_->turn == Turn::done; }
short Handshake::wants() const { return reads(state_->turn) ? POLLIN : POLLOUT; }
int Handshake::fd() const { return state_->fd.get(); }
const Hello& Handshake::peer() const {
  assert(done());
  return state_->peer;
}
uint64_t Handshake::key() const { return state_->id; }
Fd Handshake::take() {
  assert(done());
  return std::move(state_->fd);
}

}  // namespace hawser
