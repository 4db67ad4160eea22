// The primitives give the published values.
#include "src/net/crypto.h"

#include <gtest/gtest.h>

#include "src/net/handshake.h"
#include "src/net/wire.h"

namespace hawser {
namespace {

std::string bytes(const std::string& digits) {
  std::string result(digits.size() / 2, '\0');
  EXPECT_TRUE(parse_hexadecimal(digits, std::as_writable_bytes(std::span(result))));
  return result;
}

TEST(Crypto, HmacOfRfc4231) {
  const std::string key = "Jefe";
  EXPECT_EQ(hexadecimal(hmac_sha256(std::as_bytes(std::span(key)), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crypto, HkdfOfRfc5869) {
  const std::string secret(22, '\x0b');
  EXPECT_EQ(hexadecimal(hkdf_sha256(std::as_bytes(std::span(secret)), bytes("000102030405060708090a0b0c"), bytes("f0f1f2f3f4f5f6f7f8f9"))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  EXPECT_EQ(hexadecimal(hkdf_sha256(std::as_bytes(std::span(secret)), "", "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(Crypto, ComparisonNeedsEveryByte) {
  Digest a{}, b{};
  EXPECT_TRUE(equal_in_constant_time(a, b));
  b[31] = std::byte{1};
  EXPECT_FALSE(equal_in_constant_time(a, b));
  EXPECT_FALSE(equal_in_constant_time(a, std::span(a).first(31)));
}

TEST(Crypto, KeysDependOnAllTheyAreMadeOf) {
  const std::array<std::byte, 16> secret{};
  const SecretKey key = derive_key(secret, "user", "label");
  EXPECT_EQ(key, derive_key(secret, "user", "label"));
  EXPECT_NE(key, derive_key(secret, "", "label"));
  EXPECT_NE(key, derive_key(secret, std::string_view("user\0", 5), "label"));
  EXPECT_NE(key, derive_key(secret, "user", "other"));
  EXPECT_NE(key, derive_key(std::span(secret).first(15), std::string_view("\0user", 5), "label"));
  EXPECT_NE(key_id(key), key_id(derive_key(secret, "", "label")));
}

TEST(Wire, AReaderThatRanOutStaysFailed) {
  WireReader reader("abc");
  EXPECT_EQ(reader.number<uint16_t>(), 0x6261u);
  EXPECT_EQ(reader.number<uint16_t>(), 0u);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.number<uint8_t>(), 0u);
  EXPECT_FALSE(reader.complete());
}

TEST(Wire, WhatIsWrittenIsRead) {
  const Identity id{0x0123456789abcdef, 42};
  const std::string message = WireWriter().number(uint8_t{7}).number(uint64_t{1} << 63).text("ab").identity(id).take();
  WireReader reader(message);
  EXPECT_EQ(reader.number<uint8_t>(), 7u);
  EXPECT_EQ(reader.number<uint64_t>(), uint64_t{1} << 63);
  EXPECT_EQ(reader.text(2), "ab");
  EXPECT_EQ(reader.identity(), id);
  EXPECT_TRUE(reader.complete());
  const std::string longer = WireWriter().text("abc").take();
  WireReader strict(longer);
  EXPECT_EQ(strict.text(2), "");
  EXPECT_TRUE(strict.failed());
}

TEST(Wire, HexadecimalIsExact) {
  std::array<std::byte, 2> target{};
  EXPECT_TRUE(parse_hexadecimal("0aFf", target));
  EXPECT_EQ(hexadecimal(target), "0aff");
  EXPECT_FALSE(parse_hexadecimal("0aF", target));
  EXPECT_FALSE(parse_hexadecimal("0aFg", target));
}

}  // namespace
}  // namespace hawser
