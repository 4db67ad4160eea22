// The few primitives that authentication stands on, over OpenSSL: HMAC-SHA256, HKDF, comparison in constant time.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace hawser {

using Digest = std::array<std::byte, 32>;

Digest hmac_sha256(std::span<const std::byte> key, std::string_view message);
Digest hkdf_sha256(std::span<const std::byte> secret, std::string_view salt, std::string_view information);  // RFC 5869, 32 bytes
bool equal_in_constant_time(std::span<const std::byte>, std::span<const std::byte>);                         // lengths are no secret

}  // namespace hawser
