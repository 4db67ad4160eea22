// HMAC and HKDF by OpenSSL's one-shot HMAC.
#include "src/net/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <string>

namespace hawser {

Digest hmac_sha256(std::span<const std::byte> key, std::string_view message) {
  Digest digest{};
  unsigned bytes = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  static constexpr std::byte nothing{0};
  const void* key_bytes = key.empty() ? &nothing : key.data();
  if (!::HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), data, message.size(), reinterpret_cast<unsigned char*>(digest.data()),
              &bytes))
    std::abort();  // only without memory; a proof that is not one must never be used
  return digest;
}

Digest hkdf_sha256(std::span<const std::byte> secret, std::string_view salt, std::string_view information) {
  const std::string_view message(reinterpret_cast<const char*>(secret.data()), secret.size());
  const Digest extracted = hmac_sha256(std::as_bytes(std::span(salt)), message);
  return hmac_sha256(extracted, std::string(information) + '\x01');
}

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hawser
