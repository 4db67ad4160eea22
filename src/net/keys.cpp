// Keys: how they derive from secrets, their public names, and the ring of those a context answers to.
#include "src/net/crypto.h"
#include "src/net/handshake.h"
#include "src/net/wire.h"

namespace hawser {

SecretKey derive_key(std::span<const std::byte> id_secret, std::string_view user_secret, std::string_view label) {
  WireWriter secret;
  secret.number(static_cast<uint64_t>(id_secret.size())).raw(id_secret).raw(user_secret);
  return hkdf_sha256(std::as_bytes(std::span(secret.bytes())), "hawser key 1", label);
}

uint64_t key_id(const SecretKey& key) {
  const Digest digest = hmac_sha256(key, "hawser key id");
  return WireReader(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())).number<uint64_t>();
}

void KeyRing::add(const SecretKey& key) {
  const std::lock_guard lock(mutex_);
  auto& entry = keys_[key_id(key)];
  entry.first = key;
  ++entry.second;
}

void KeyRing::remove(const SecretKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(key_id(key));
  if (found != keys_.end() && --found->second.second == 0) keys_.erase(found);
}

std::optional<SecretKey> KeyRing::find(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(id);
  if (found == keys_.end()) return std::nullopt;
  return found->second.first;
}

}  // namespace hawser
