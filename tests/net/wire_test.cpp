// Numbers and texts survive their bytes; a reader that ran past the end stays failed and gives zeros.
#include "src/net/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace hawser {
namespace {

std::array<std::byte, 4> filled() { return {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}; }

TEST(Wire, WhatIsWrittenIsRead) {
  const auto raw = filled();
  WireWriter writer;
  writer.number(uint8_t{0xff}).number(uint64_t{0x0123456789abcdef}).text("hull").identity({7, 8}).raw(raw);
  WireReader reader(writer.bytes());
  EXPECT_EQ(reader.number<uint8_t>(), 0xff);
  EXPECT_EQ(reader.number<uint64_t>(), 0x0123456789abcdefu);
  EXPECT_EQ(reader.text(4), "hull");
  EXPECT_EQ(reader.identity(), (Identity{7, 8}));
  std::array<std::byte, 4> back{};
  reader.raw_into(back);
  EXPECT_EQ(back, raw);
  EXPECT_TRUE(reader.complete());
}

TEST(Wire, PastTheEndEverythingIsZero) {
  for (const std::string_view bytes : {std::string_view(), std::string_view("abc")}) {
    WireReader reader(bytes);
    EXPECT_EQ(reader.number<uint32_t>(), 0u);
    EXPECT_TRUE(reader.failed());
    auto target = filled();
    reader.raw_into(target);
    EXPECT_TRUE(std::all_of(target.begin(), target.end(), [](std::byte byte) { return byte == std::byte{0}; }));
    EXPECT_EQ(reader.text(100), "");
    EXPECT_EQ(reader.number<uint8_t>(), 0);
    EXPECT_FALSE(reader.complete());
  }
}

TEST(Wire, ATextLongerThanAllowedFails) {
  const std::string bytes = WireWriter().text("hawser").take();
  EXPECT_EQ(WireReader(bytes).text(6), "hawser");
  WireReader reader(bytes);
  EXPECT_EQ(reader.text(5), "");
  EXPECT_TRUE(reader.failed());
}

TEST(Wire, HexadecimalIsExact) {
  const auto raw = filled();
  EXPECT_EQ(hexadecimal(raw), "01020304");
  std::array<std::byte, 4> back{};
  EXPECT_TRUE(parse_hexadecimal("01020304", back));
  EXPECT_EQ(back, raw);
  for (const char* text : {"", "0102030", "010203045", "0102030g", "-1020304"}) EXPECT_FALSE(parse_hexadecimal(text, back)) << text;
}

}  // namespace
}  // namespace hawser
