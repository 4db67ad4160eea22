// Who knows the key gets in, with equal knowledge on both sides; nobody and nothing else does.
#include "src/net/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "src/net/crypto.h"
#include "src/net/socket.h"
#include "src/net/wire.h"

namespace hawser {
namespace {

using ::testing::HasSubstr;

constexpr Identity kDialler{1, 2}, kAcceptor{3, 4};
constexpr size_t kHelloBytes = 89, kAnswerBytes = 92, kProofBytes = 32;

SecretKey key_of(std::string_view secret) { return derive_key({}, secret, "test"); }

struct Ends {
  std::unique_ptr<Handshake> dialler, acceptor;
  Status dialled, accepted;
};

struct HandshakeTest : ::testing::Test {
  SeededRandom random{7};
  KeyRing ring;
  SecretKey key = key_of("right");
  Hello hello{kDialler, kAcceptor, Purpose::lane, 5};
  HandshakeTest() { ring.add(key); }

  Ends ends(const SecretKey& dialler_key) {
    auto [a, b] = socket_pair();
    return {Handshake::dial(std::move(a), hello, dialler_key, random), Handshake::accept(std::move(b), kAcceptor, ring, random), {}, {}};
  }
  // Both sides in turn, until neither moves on. Who fails hangs up, as its owner would.
  static void run(Ends& ends) {
    for (int turn = 0; turn < 12; ++turn) {
      if (ends.dialler && ends.dialled.ok()) ends.dialled = ends.dialler->advance();
      if (!ends.dialled.ok()) ends.dialler.reset();
      if (ends.acceptor && ends.accepted.ok()) ends.accepted = ends.acceptor->advance();
      if (!ends.accepted.ok()) ends.acceptor.reset();
    }
  }
};

TEST_F(HandshakeTest, TheRightKeyIsAcceptedAndBothKnowTheSame) {
  Ends both = ends(key);
  run(both);
  ASSERT_TRUE(both.dialled.ok()) << both.dialled.text();
  ASSERT_TRUE(both.accepted.ok()) << both.accepted.text();
  ASSERT_TRUE(both.dialler->done() && both.acceptor->done());
  EXPECT_EQ(both.acceptor->peer().from, kDialler);
  EXPECT_EQ(both.acceptor->peer().to, kAcceptor);
  EXPECT_EQ(both.acceptor->peer().purpose, Purpose::lane);
  EXPECT_EQ(both.acceptor->peer().detail, 5u);
  EXPECT_EQ(both.dialler->peer().from, kAcceptor);
  EXPECT_EQ(both.dialler->peer().to, kDialler);
  EXPECT_EQ(both.dialler->key(), both.acceptor->key());
  EXPECT_EQ(both.dialler->key(), key_id(key));
}

TEST_F(HandshakeTest, WhatFollowsIsLeftInTheSocket) {
  Ends both = ends(key);
  run(both);
  const Fd here = both.dialler->take(), there = both.acceptor->take();
  ASSERT_EQ(::write(here.get(), "next", 4), 4);
  char bytes[8];
  EXPECT_EQ(::read(there.get(), bytes, sizeof bytes), 4);
}

TEST_F(HandshakeTest, TwoThreadsOverTcp) {
  const auto listener = listen_on(Address::parse("127.0.0.1:0").value());
  const Address address = local_address(listener.value()).value();
  const auto drive = [](Handshake& handshake) {
    while (true) {
      const Status status = handshake.advance();
      if (!status.ok() || handshake.done()) return status.code();
      pollfd waiting{handshake.fd(), handshake.wants(), 0};
      if (::poll(&waiting, 1, 5000) != 1) return Code::timeout;
    }
  };
  std::thread other([&] {
    SystemRandom own;
    auto dialling = Handshake::dial(start_dial(address).value(), hello, key, own);
    pollfd waiting{dialling->fd(), POLLOUT, 0};
    ::poll(&waiting, 1, 5000);
    EXPECT_EQ(drive(*dialling), Code::ok);
  });
  pollfd waiting{listener.value().get(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
  auto accepting = Handshake::accept(accept_from(listener.value()).value(), kAcceptor, ring, random);
  EXPECT_EQ(drive(*accepting), Code::ok);
  other.join();
}

TEST_F(HandshakeTest, AWrongKeyUnderTheRightNameIsRefusedOnBothSides) {
  KeyRing other;
  SecretKey wrong = key_of("wrong");
  other.add(wrong);
  Ends both = ends(wrong);  // the acceptor does not know its id
  run(both);
  EXPECT_EQ(both.dialled.code(), Code::refused);
  EXPECT_EQ(both.accepted.code(), Code::refused);
}

TEST_F(HandshakeTest, WhoIsLookedForMustAnswer) {
  hello.to = {9, 9};
  Ends both = ends(key);
  run(both);
  EXPECT_EQ(both.dialled.code(), Code::refused);
  EXPECT_EQ(both.accepted.code(), Code::refused);
}

TEST_F(HandshakeTest, ADiallerMayNotKnowWhomItWillMeet) {
  hello.to = {};
  Ends both = ends(key);
  run(both);
  ASSERT_TRUE(both.dialled.ok() && both.dialler->done());
  EXPECT_EQ(both.dialler->peer().from, kAcceptor);
}

TEST_F(HandshakeTest, AKeyRingCounts) {
  ring.add(key);
  ring.remove(key);
  EXPECT_TRUE(ring.find(key_id(key)));
  ring.remove(key);
  EXPECT_FALSE(ring.find(key_id(key)));
  ring.remove(key);
  EXPECT_FALSE(ring.find(key_id(key)));
}

// --- With the wire in our hands -----------------------------------------------------------------------------------------------------

std::string drain(const Fd& fd) {
  char bytes[512];
  const ssize_t got = ::recv(fd.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  return got > 0 ? std::string(bytes, static_cast<size_t>(got)) : std::string();
}
void put(const Fd& fd, std::string_view bytes) { (void)::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }

// Dialler and acceptor with a man in the middle, who sees every message and may change it.
struct Wire {
  Fd to_dialler, to_acceptor;
  std::unique_ptr<Handshake> dialler, acceptor;
  Status dialled, accepted;
  std::vector<std::string> messages;  // HELLO, ANSWER, PROOF, WELCOME

  template <class Change>
  void run(Change change) {
    for (int number = 0; number < 4; ++number) {
      const bool from_dialler = number % 2 == 0;
      auto& speaker = from_dialler ? dialler : acceptor;
      auto& listener = from_dialler ? acceptor : dialler;
      Status& spoken = from_dialler ? dialled : accepted;
      Status& heard = from_dialler ? accepted : dialled;
      if (speaker && spoken.ok()) spoken = speaker->advance();
      const std::string message = drain(from_dialler ? to_dialler : to_acceptor);
      messages.push_back(message);
      put(from_dialler ? to_acceptor : to_dialler, change(number, message));
      if (listener && heard.ok()) heard = listener->advance();
    }
  }
};

struct WireTest : HandshakeTest {
  Wire wire(const SecretKey& dialler_key) {
    auto [a, a_wire] = socket_pair();
    auto [b, b_wire] = socket_pair();
    return {std::move(a_wire),
            std::move(b_wire),
            Handshake::dial(std::move(a), hello, dialler_key, random),
            Handshake::accept(std::move(b), kAcceptor, ring, random),
            {},
            {},
            {}};
  }
  static std::string same(int, const std::string& message) { return message; }
};

TEST_F(WireTest, MessagesAreAsTheProtocolPageSays) {
  Wire wire = this->wire(key);
  wire.run(same);
  ASSERT_TRUE(wire.dialler->done() && wire.acceptor->done());
  EXPECT_EQ(wire.messages[0].size(), kHelloBytes);
  EXPECT_EQ(wire.messages[1].size(), kAnswerBytes);
  EXPECT_EQ(wire.messages[2].size(), kProofBytes);
  EXPECT_EQ(wire.messages[3].size(), kProofBytes);
  EXPECT_TRUE(wire.messages[0].starts_with("\x89HAWSER\n"));
  EXPECT_TRUE(wire.messages[1].starts_with("\x89HAWSER\r"));
}

TEST_F(WireTest, AnUnknownKeyIsAnsweredLikeAKnownOne) {
  Wire known = wire(key), unknown = wire(key_of("unknown"));
  known.run(same);
  unknown.run(same);
  EXPECT_EQ(unknown.messages[1].size(), known.messages[1].size());
  EXPECT_EQ(unknown.messages[1].substr(0, 28), known.messages[1].substr(0, 28));  // magic, version, identity
  // A stranger that sends a wrong proof hears the same in both cases: the end.
  for (const SecretKey& asked : {key, key_of("unknown")}) {
    Wire stranger = wire(asked);
    stranger.run([](int number, const std::string& message) { return number == 2 ? std::string(kProofBytes, 'p') : message; });
    EXPECT_FALSE(stranger.acceptor->done());
  }
}

TEST_F(WireTest, AWrongProofIsRefusedWhetherTheKeyIsKnownOrNot) {
  std::vector<std::string> texts;
  for (const SecretKey& asked : {key, key_of("unknown")}) {
    Wire stranger = wire(asked);
    ASSERT_TRUE(stranger.dialler->advance().ok());
    put(stranger.to_acceptor, drain(stranger.to_dialler));
    ASSERT_TRUE(stranger.acceptor->advance().ok());
    put(stranger.to_acceptor, std::string(kProofBytes, 'p'));
    const Status status = stranger.acceptor->advance();
    EXPECT_EQ(status.code(), Code::refused);
    texts.push_back(status.text());
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST_F(WireTest, EveryFlippedBitIsNoticed) {
  constexpr size_t bytes[] = {kHelloBytes, kAnswerBytes, kProofBytes, kProofBytes};
  for (int number = 0; number < 4; ++number)
    for (size_t bit = 0; bit < bytes[number] * 8; ++bit) {
      Wire wire = this->wire(key);
      wire.run([&](int at, std::string message) {
        if (at == number && message.size() == bytes[number]) message[bit / 8] = static_cast<char>(message[bit / 8] ^ (1 << (bit % 8)));
        return message;
      });
      EXPECT_FALSE(wire.dialler->done()) << "message " << number << " bit " << bit;
      if (number < 3) { EXPECT_FALSE(wire.acceptor->done()) << "message " << number << " bit " << bit; }
      const bool told = wire.dialled.code() == Code::refused || wire.accepted.code() == Code::refused;
      EXPECT_TRUE(told) << "message " << number << " bit " << bit;
    }
}

TEST_F(WireTest, SeededNoiseInAnyMessageIsNeverAccepted) {
  SeededRandom noise(42);
  for (int round = 0; round < 500; ++round) {
    const int number = static_cast<int>(noise.next() % 4);
    Wire wire = this->wire(key);
    wire.run([&](int at, std::string message) {
      if (at != number || message.empty()) return message;
      const uint64_t kind = noise.next() % 3;
      if (kind == 0) noise.fill(std::as_writable_bytes(std::span(message)));
      if (kind == 1) message[noise.next() % message.size()] ^= static_cast<char>(1 + noise.next() % 255);
      if (kind == 2) message.erase(noise.next() % message.size(), 1);
      return message;
    });
    EXPECT_FALSE(wire.dialler->done()) << "round " << round;
    if (number < 3) { EXPECT_FALSE(wire.acceptor->done()) << "round " << round; }
  }
}

TEST_F(WireTest, EveryTruncationEndsInAnErrorWhenTheConnectionEnds) {
  constexpr size_t bytes[] = {kHelloBytes, kAnswerBytes, kProofBytes, kProofBytes};
  for (int number = 0; number < 4; ++number)
    for (size_t length = 0; length < bytes[number]; ++length) {
      Wire wire = this->wire(key);
      wire.run([&](int at, const std::string& message) { return at < number ? message : at == number ? message.substr(0, length) : ""; });
      wire.to_dialler.reset();
      wire.to_acceptor.reset();
      const Status dialled = wire.dialled.ok() ? wire.dialler->advance() : wire.dialled.copy();
      EXPECT_FALSE(dialled.ok()) << "message " << number << " length " << length;
      EXPECT_FALSE(wire.dialler->done());
      if (number == 3) continue;  // the acceptor was done before
      const Status accepted = wire.accepted.ok() ? wire.acceptor->advance() : wire.accepted.copy();
      EXPECT_FALSE(accepted.ok()) << "message " << number << " length " << length;
      EXPECT_FALSE(wire.acceptor->done());
    }
}

TEST_F(WireTest, OneByteAtATimeIsAcceptedToo) {
  Wire wire = this->wire(key);
  for (int number = 0; number < 4; ++number) {
    const bool from_dialler = number % 2 == 0;
    ASSERT_TRUE((from_dialler ? wire.dialler : wire.acceptor)->advance().ok());
    for (const char letter : drain(from_dialler ? wire.to_dialler : wire.to_acceptor)) {
      put(from_dialler ? wire.to_acceptor : wire.to_dialler, std::string_view(&letter, 1));
      ASSERT_TRUE((from_dialler ? wire.acceptor : wire.dialler)->advance().ok());
    }
  }
  EXPECT_TRUE(wire.dialler->done() && wire.acceptor->done());
}

TEST_F(WireTest, AMessageSentBackToItsAuthorProvesNothing) {
  {  // the dialler meets its own echo
    Wire wire = this->wire(key);
    ASSERT_TRUE(wire.dialler->advance().ok());
    put(wire.to_dialler, drain(wire.to_dialler));
    EXPECT_EQ(wire.dialler->advance().code(), Code::refused);
  }
  {  // the acceptor is given its own proof
    Wire wire = this->wire(key);
    wire.run([&](int number, const std::string& message) {
      return number == 2 ? wire.messages[1].substr(kAnswerBytes - kProofBytes) : message;
    });
    EXPECT_EQ(wire.accepted.code(), Code::refused);
  }
  {  // the dialler's own proof is its welcome
    Wire wire = this->wire(key);
    wire.run([&](int number, const std::string& message) { return number == 3 ? wire.messages[2] : message; });
    EXPECT_EQ(wire.dialled.code(), Code::refused);
  }
}

TEST_F(WireTest, ARecordedHandshakeCannotBePlayedAgain) {
  Wire first = wire(key);
  first.run(same);
  Wire again = wire(key);
  again.run(
      [&](int number, const std::string& message) { return number % 2 == 0 ? first.messages[static_cast<size_t>(number)] : message; });
  EXPECT_EQ(again.accepted.code(), Code::refused);
  Wire other = wire(key);
  other.run([&](int number, const std::string& message) { return number == 1 ? first.messages[1] : message; });
  EXPECT_EQ(other.dialled.code(), Code::refused);
}

// A dialler that knows the key and keeps to the page, but whose words we choose.
Status proof_by_hand(const Fd& wire, Handshake& acceptor, const SecretKey& key, const Identity& to, uint8_t purpose) {
  WireWriter hello;
  hello.raw("\x89HAWSER\n").number(uint32_t{1}).number(key_id(key)).number(purpose).number(uint32_t{5}).identity(kDialler).identity(to);
  hello.raw(std::string(32, 'n'));
  put(wire, hello.bytes());
  HAWSER_TRY(acceptor.advance());
  const std::string said = hello.bytes() + drain(wire);
  put(wire, WireWriter().raw(hmac_sha256(key, std::string("hawser dialler") + '\0' + said)).take());
  return acceptor.advance();
}

TEST_F(WireTest, AnAcceptorServesOnlyWhoLooksForItForAPurposeItKnows) {
  struct {
    Identity to;
    uint8_t purpose;
    Code code;
  } const cases[] = {{kAcceptor, 3, Code::ok},
                     {{}, 1, Code::ok},
                     {{9, 9}, 3, Code::refused},
                     {kAcceptor, 0, Code::refused},
                     {kAcceptor, 4, Code::refused}};
  for (const auto& each : cases) {
    auto [end, wire] = socket_pair();
    const auto acceptor = Handshake::accept(std::move(end), kAcceptor, ring, random);
    EXPECT_EQ(proof_by_hand(wire, *acceptor, key, each.to, each.purpose).code(), each.code)
        << to_string(each.to) << " " << int{each.purpose};
    EXPECT_EQ(acceptor->done(), each.code == Code::ok);
  }
}

TEST_F(WireTest, OtherVersionsAreNamedOnBothSides) {
  Wire wire = this->wire(key);
  wire.run([](int number, std::string message) {
    if (number == 0) message[8] = 77;
    return message;
  });
  EXPECT_EQ(wire.accepted.code(), Code::refused);
  EXPECT_THAT(wire.accepted.text(), HasSubstr("version 77"));
  EXPECT_THAT(wire.accepted.text(), HasSubstr("version 1"));
  Wire back = this->wire(key);
  back.run([](int number, std::string message) {
    if (number == 1) message = message.substr(0, 8) + std::string("\x09\0\0\0", 4);
    return message;
  });
  EXPECT_EQ(back.dialled.code(), Code::refused);
  EXPECT_THAT(back.dialled.text(), HasSubstr("version 9"));
  EXPECT_THAT(back.dialled.text(), HasSubstr("version 1"));
}

TEST_F(WireTest, AnotherProtocolIsRefusedAtItsFirstByte) {
  auto [end, wire] = socket_pair();
  const auto acceptor = Handshake::accept(std::move(end), kAcceptor, ring, random);
  put(wire, "GET");
  const Status status = acceptor->advance();
  EXPECT_EQ(status.code(), Code::refused);
  EXPECT_EQ(drain(wire), "");  // a stranger is told nothing
}

}  // namespace
}  // namespace hawser
