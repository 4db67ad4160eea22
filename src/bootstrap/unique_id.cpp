// The 128 bytes of a unique id: {magic 4, version 1, addresses 1, secret 16, boot 16, packed addresses, zeros, checksum 8}.
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "src/base/hash.h"
#include "src/bootstrap/rendezvous.h"
#include "src/net/wire.h"

namespace hawser {
namespace {

constexpr std::string_view kMagic = "HWID";
constexpr uint8_t kVersion = 1;
constexpr size_t kHeadBytes = 4 + 1 + 1 + 16 + 16, kChecksumBytes = 8;
constexpr size_t kAddressBytesMax = unique_id_bytes - kHeadBytes - kChecksumBytes;
enum class Kind : uint8_t { unix_name = 1, v4 = 4, v6 = 6 };

std::string pack(const Address& address) {
  WireWriter writer;
  if (address.storage.ss_family == AF_INET) {
    const auto& from = reinterpret_cast<const sockaddr_in&>(address.storage);
    writer.number(static_cast<uint8_t>(Kind::v4)).raw(std::as_bytes(std::span(&from.sin_addr, 1))).number(ntohs(from.sin_port));
  } else if (address.storage.ss_family == AF_INET6) {
    const auto& from = reinterpret_cast<const sockaddr_in6&>(address.storage);
    writer.number(static_cast<uint8_t>(Kind::v6)).raw(std::as_bytes(std::span(&from.sin6_addr, 1))).number(ntohs(from.sin6_port));
  } else if (address.is_unix()) {
    const std::string name = address.text().substr(5);
    writer.number(static_cast<uint8_t>(Kind::unix_name)).number(static_cast<uint8_t>(name.size())).raw(name);
  }
  return writer.take();
}

std::optional<Address> unpack(WireReader& reader) {
  Address address;
  const auto kind = static_cast<Kind>(reader.number<uint8_t>());
  if (kind == Kind::v4) {
    auto& to = reinterpret_cast<sockaddr_in&>(address.storage);
    to.sin_family = AF_INET;
    reader.raw_into(std::as_writable_bytes(std::span(&to.sin_addr, 1)));
    to.sin_port = htons(reader.number<uint16_t>());
    address.bytes = sizeof to;
  } else if (kind == Kind::v6) {
    auto& to = reinterpret_cast<sockaddr_in6&>(address.storage);
    to.sin6_family = AF_INET6;
    reader.raw_into(std::as_writable_bytes(std::span(&to.sin6_addr, 1)));
    to.sin6_port = htons(reader.number<uint16_t>());
    address.bytes = sizeof to;
  } else if (kind == Kind::unix_name) {
    const uint8_t bytes = reader.number<uint8_t>();
    auto parsed = Address::parse("unix:" + std::string(reader.raw(bytes)));
    if (!parsed.ok()) return std::nullopt;
    address = parsed.value();
  } else {
    return std::nullopt;
  }
  return reader.failed() ? std::nullopt : std::optional(address);
}

Status bad_id(const std::string& why) {
  return Status(Code::invalid, "this is no unique id: " + why + "; every rank needs the 128 bytes that hawser_id_create made");
}

}  // namespace

void UniqueId::encode(std::span<std::byte, unique_id_bytes> target) const {
  std::string packed;
  uint8_t count = 0;
  for (const Address& each : addresses) {  // best first, as many as there is room for
    const std::string more = pack(each);
    if (more.empty() || packed.size() + more.size() > kAddressBytesMax) continue;
    packed += more;
    ++count;
  }
  packed.resize(kAddressBytesMax);
  WireWriter writer;
  writer.raw(kMagic).number(kVersion).number(count).raw(secret).raw(boot).raw(packed);
  writer.number(hash(writer.bytes()));
  std::memcpy(target.data(), writer.bytes().data(), target.size());
}

Result<UniqueId> UniqueId::decode(std::span<const std::byte, unique_id_bytes> bytes) {
  const std::string_view whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  WireReader reader(whole);
  if (reader.raw(kMagic.size()) != kMagic) return bad_id("it does not begin like one");
  const uint8_t version = reader.number<uint8_t>();
  if (version != kVersion)
    return bad_id("it has version " + std::to_string(version) + ", this library makes version " + std::to_string(kVersion));
  WireReader checksum(whole.substr(unique_id_bytes - kChecksumBytes));
  if (checksum.number<uint64_t>() != hash(whole.substr(0, unique_id_bytes - kChecksumBytes)))
    return bad_id("its checksum is wrong (truncated or overwritten)");
  UniqueId id;
  const uint8_t count = reader.number<uint8_t>();
  reader.raw_into(id.secret);
  reader.raw_into(id.boot);
  for (uint8_t i = 0; i < count; ++i) {
    const auto address = unpack(reader);
    if (!address) return bad_id("an address in it cannot be read");
    id.addresses.push_back(*address);
  }
  return id;
}

}  // namespace hawser
