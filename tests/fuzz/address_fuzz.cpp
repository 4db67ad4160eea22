// Address text: refused with a sentence, or an address whose own text is the same address.
#include "src/net/address.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {

std::vector<std::string> seeds() { return {"127.0.0.1:80", "[::1]:65535", "[fe80::1%lo]:1", "unix:hawser-1234", "0.0.0.0:0"}; }

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  const Result<Address> address = Address::parse(fuzz::text_of(data, size));
  if (!address.ok()) {
    fuzz::require(!address.error().text().empty(), "a refusal has a sentence");
    return 0;
  }
  fuzz::require(address.value().bytes <= sizeof(sockaddr_storage), "an address fits its storage");
  const Result<Address> again = Address::parse(address.value().text());
  fuzz::require(again.ok() && again.value() == address.value(), "the text of an address is the same address");
  return 0;
}
