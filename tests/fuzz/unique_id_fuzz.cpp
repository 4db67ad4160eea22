// The 128 bytes of a unique id: refused with a sentence, or an id that encodes to bytes which decode to it.
#include <cstring>

#include "src/bootstrap/rendezvous.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {

std::vector<std::string> seeds() {
  UniqueId id;
  for (const char* text : {"unix:hawser-fuzz", "127.0.0.1:4000", "[::1]:4001"}) {
    Result<Address> address = Address::parse(text);
    require(address.ok(), "the seeds' addresses parse");
    id.addresses.push_back(std::move(address).value());
  }
  std::string bytes(unique_id_bytes, '\0');
  id.encode(std::span<std::byte, unique_id_bytes>(reinterpret_cast<std::byte*>(bytes.data()), unique_id_bytes));
  require(
      UniqueId::decode(std::span<const std::byte, unique_id_bytes>(reinterpret_cast<const std::byte*>(bytes.data()), unique_id_bytes)).ok(),
      "an honest id is read");
  return {bytes, std::string(unique_id_bytes, '\0'), std::string(unique_id_bytes, '\xff')};
}

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  std::array<std::byte, unique_id_bytes> bytes{}, encoded{};
  if (size) std::memcpy(bytes.data(), data, size < bytes.size() ? size : bytes.size());
  const Result<UniqueId> id = UniqueId::decode(bytes);
  if (!id.ok()) {
    fuzz::require(!id.error().text().empty(), "a refusal has a sentence");
    return 0;
  }
  id.value().encode(encoded);
  const Result<UniqueId> again = UniqueId::decode(encoded);
  fuzz::require(again.ok() && again.value().addresses == id.value().addresses && again.value().secret == id.value().secret,
                "an id survives its bytes");
  return 0;
}
