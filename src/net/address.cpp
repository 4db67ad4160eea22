// Socket addresses to and from text.
#include "src/net/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace hawser {
namespace {

Status malformed(std::string_view text, std::string_view why) {
  return Status(Code::invalid,
                "address \"" + std::string(text) + "\": " + std::string(why) + "; like 1.2.3.4:80, [fe80::1%eth0]:80 or unix:name");
}

Result<uint16_t> parse_port(std::string_view whole, std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return malformed(whole, "the port is not 0 to 65535");
  return port;
}

Result<Address> parse_unix(std::string_view whole, std::string_view name) {
  Address address;
  auto* to = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (name.empty() || name.size() > sizeof to->sun_path - 1) return malformed(whole, "the unix name is empty or longer than 107 bytes");
  for (const char letter : name)
    if (letter <= ' ' || letter > '~') return malformed(whole, "the unix name has a blank or a byte that is not printable");
  to->sun_family = AF_UNIX;
  std::memcpy(to->sun_path + 1, name.data(), name.size());  // the leading zero makes it abstract
  address.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

Result<Address> parse_v6(std::string_view whole, std::string_view inside, uint16_t port) {
  Address address;
  auto* to = reinterpret_cast<sockaddr_in6*>(&address.storage);
  const size_t percent = inside.find('%');
  const std::string host(inside.substr(0, percent));
  if (::inet_pton(AF_INET6, host.c_str(), &to->sin6_addr) != 1) return malformed(whole, "no IPv6 address stands between the brackets");
  if (percent != std::string_view::npos) {
    const std::string scope(inside.substr(percent + 1));
    to->sin6_scope_id = ::if_nametoindex(scope.c_str());
    if (to->sin6_scope_id == 0) {
      const auto [end, error] = std::from_chars(scope.data(), scope.data() + scope.size(), to->sin6_scope_id);
      if (scope.empty() || error != std::errc() || end != scope.data() + scope.size())
        return malformed(whole, "there is no interface \"" + scope + "\" here");
    }
  }
  to->sin6_family = AF_INET6;
  to->sin6_port = htons(port);
  address.bytes = sizeof *to;
  return address;
}

Result<Address> parse_v4(std::string_view whole, std::string_view host, uint16_t port) {
  Address address;
  auto* to = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (::inet_pton(AF_INET, std::string(host).c_str(), &to->sin_addr) != 1)
    return malformed(whole, "no IPv4 address stands before the colon");
  to->sin_family = AF_INET;
  to->sin_port = htons(port);
  address.bytes = sizeof *to;
  return address;
}

std::string text_of_v6(const sockaddr_in6& from) {
  char host[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, &from.sin6_addr, host, sizeof host);
  std::string text = std::string("[") + host;
  if (from.sin6_scope_id != 0) {
    char scope[IF_NAMESIZE] = {};
    text += "%" + (::if_indextoname(from.sin6_scope_id, scope) ? std::string(scope) : std::to_string(from.sin6_scope_id));
  }
  return text + "]:" + std::to_string(ntohs(from.sin6_port));
}

std::string text_of_unix(const sockaddr_un& from, socklen_t bytes) {
  constexpr size_t start = offsetof(sockaddr_un, sun_path);
  if (bytes <= start) return "unix:";  // the unnamed end of a connection
  const std::string_view name(from.sun_path, std::min(bytes - start, sizeof from.sun_path));
  std::string text = "unix:";
  for (const char letter : name.substr(name.front() == '\0' ? 1 : 0)) text += letter > ' ' && letter <= '~' ? letter : '?';
  return text;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text, text.substr(5));
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text, "there is no port");
  const uint16_t port = HAWSER_TRY(parse_port(text, text.substr(colon + 1)));
  const std::string_view host = text.substr(0, colon);
  if (!host.starts_with('[')) return parse_v4(text, host, port);
  if (!host.ends_with(']')) return malformed(text, "the bracket is not closed");
  return parse_v6(text, host.substr(1, host.size() - 2), port);
}

Result<std::vector<Address>> Address::resolve(const std::string& host, uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Status(Code::unreachable, "no address is known for the host \"" + host + "\": " + ::gai_strerror(error));
  std::vector<Address> addresses;
  for (const addrinfo* each = found; each; each = each->ai_next) {
    Address address;
    if (each->ai_addrlen > sizeof address.storage) continue;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.bytes = each->ai_addrlen;
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

std::string Address::text() const {
  if (storage.ss_family == AF_UNIX) return text_of_unix(reinterpret_cast<const sockaddr_un&>(storage), bytes);
  if (storage.ss_family == AF_INET6) return text_of_v6(reinterpret_cast<const sockaddr_in6&>(storage));
  if (storage.ss_family != AF_INET) return "(no address)";
  const auto& from = reinterpret_cast<const sockaddr_in&>(storage);
  char host[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &from.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(from.sin_port));
}

}  // namespace hawser
