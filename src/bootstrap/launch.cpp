// Reading who started us from settings and the launchers' variables, and meeting accordingly.
#include "src/bootstrap/launch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <charconv>

#include "src/base/hash.h"
#include "src/bootstrap/messages.h"
#include "src/bootstrap/pmix_store.h"
#include "src/net/socket.h"
#include "src/net/wire.h"

namespace hawser {
namespace {

constexpr int kPorts = 16;
constexpr uint64_t kListenRetryNs = 5'000'000'000;  // the root of this job's previous communicator may still be ending

Result<int> parse_number(const std::string& name, const std::string& text, int from, int to) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < from || value > to)
    return Status(Code::invalid,
                  name + " is \"" + text + "\", which is not a number from " + std::to_string(from) + " to " + std::to_string(to));
  return value;
}

Result<Launch> checked(const std::string& rank_name, const std::string& rank, const std::string& ranks_name, const std::string& ranks,
                       std::string launcher) {
  Launch launch;
  launch.ranks = HAWSER_TRY(parse_number(ranks_name, ranks, 1, static_cast<int>(rendezvous::kRanksMax)));
  launch.rank = HAWSER_TRY(parse_number(rank_name, rank, 0, launch.ranks - 1));
  launch.launcher = std::move(launcher);
  return launch;
}

struct Need {
  std::string name;
  bool there;
};

Status half_set(const std::string& launcher, const std::vector<Need>& needs) {
  std::string set, missing;
  for (const Need& each : needs) {
    std::string& list = each.there ? set : missing;
    list += (list.empty() ? "" : ", ") + each.name;
  }
  return Status(Code::invalid, "the environment is half set for " + launcher + ": " + set + " without " + missing);
}

bool any(const std::vector<Need>& needs) {
  return std::any_of(needs.begin(), needs.end(), [](const Need& each) { return each.there; });
}
bool all(const std::vector<Need>& needs) {
  return std::all_of(needs.begin(), needs.end(), [](const Need& each) { return each.there; });
}

Result<Launch> own_launch(const Config& config) {
  std::vector<std::string> ways;
  if (!config.id.empty()) ways.emplace_back("HAWSER_ID");
  if (!config.file.empty()) ways.emplace_back("HAWSER_FILE");
  if (!config.root.empty()) ways.emplace_back("HAWSER_ROOT");
  const std::vector<Need> numbers = {{"HAWSER_RANK", !config.rank.empty()}, {"HAWSER_RANKS", !config.ranks.empty()}};
  if (!all(numbers)) {
    std::vector<Need> needs = numbers;
    for (const std::string& way : ways) needs.push_back({way, true});
    return half_set("Hawser", needs);
  }
  if (ways.size() > 1) return Status(Code::invalid, ways[0] + " and " + ways[1] + " are both set: ranks meet in one way only");
  Launch launch = HAWSER_TRY(checked("HAWSER_RANK", config.rank, "HAWSER_RANKS", config.ranks, ways.empty() ? "nobody" : ways[0]));
  if (ways.empty() && launch.ranks > 1)
    return half_set("Hawser", {{"HAWSER_RANK", true}, {"HAWSER_RANKS", true}, {"one of HAWSER_ID, HAWSER_FILE, HAWSER_ROOT", false}});
  return launch;
}

std::vector<Need> needs_of(const FindVariable& find, std::initializer_list<const char*> names) {
  std::vector<Need> needs;
  for (const char* name : names) needs.push_back({name, find(name).has_value()});
  return needs;
}

// --- Ids that are derived instead of handed around ---------------------------------------------------------------------------------------

UniqueId derived_id(const std::string& from) {
  UniqueId id;
  const SecretKey key = derive_key({}, from, "launcher");
  std::copy_n(key.begin(), id.secret.size(), id.secret.begin());
  id.addresses_shared = true;
  return id;
}

Address any_address(int family, uint16_t port) {
  const std::string host = family == AF_INET ? "0.0.0.0:" : "[::]:";
  return Address::parse(host + std::to_string(port)).value();
}

// On every interface, as the name others know us by may resolve to another address here; over both families where the machine has both: a
// port that is free in one of them only would be out of reach for those who come by the other.
Result<std::unique_ptr<Root>> listen_at_port(const Config& config, const UniqueId& id, uint16_t port, const Clock& clock) {
  std::vector<Address> addresses;
  for (const int family : {AF_INET, AF_INET6})
    if (listen_on(any_address(family, 0)).ok()) addresses.push_back(any_address(family, port));
  if (addresses.empty()) addresses.push_back(any_address(AF_INET, port));  // says what is wrong
  return Root::start(config, id.secret, addresses, clock);
}

Result<std::unique_ptr<Root>> listen_at_one_of(const Config& config, const UniqueId& id, const std::vector<uint16_t>& ports,
                                               uint64_t deadline_ns, const Clock& clock) {
  const uint64_t until_ns = std::min(deadline_ns, clock.now_ns() + kListenRetryNs);
  while (true) {
    Status last;
    for (const uint16_t port : ports) {
      auto root = listen_at_port(config, id, port, clock);
      if (root.ok()) return root;
      last = std::move(root).status();
    }
    if (clock.now_ns() >= until_ns) return std::move(last).during("rank 0 finds no port to listen on");
    ::poll(nullptr, 0, 20);
  }
}

Result<std::vector<Address>> resolve_until(const std::string& host, uint64_t deadline_ns, const Clock& clock) {
  while (true) {  // a name may appear a little after its ranks
    auto found = Address::resolve(host, 0);
    if (found.ok() || clock.now_ns() + 200'000'000 >= deadline_ns) return found;
    ::poll(nullptr, 0, 200);
  }
}

Address with_port(Address address, uint16_t port) {
  if (address.storage.ss_family == AF_INET) reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  if (address.storage.ss_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  return address;
}

Result<UniqueId> meet_at(const std::string& host, const std::vector<uint16_t>& ports, UniqueId id, const Launch& launch,
                         const Config& config, uint64_t deadline_ns, const Clock& clock, std::unique_ptr<Root>* root) {
  if (launch.rank == 0) *root = HAWSER_TRY(listen_at_one_of(config, id, ports, deadline_ns, clock));
  if (*root) {
    for (const Address& each : (*root)->id().addresses) {  // rank 0 itself goes by loopback
      const bool v4 = each.storage.ss_family == AF_INET;
      const auto bound = v4 ? ntohs(reinterpret_cast<const sockaddr_in&>(each.storage).sin_port)
                            : ntohs(reinterpret_cast<const sockaddr_in6&>(each.storage).sin6_port);
      id.addresses.push_back(HAWSER_TRY(Address::parse((v4 ? "127.0.0.1:" : "[::1]:") + std::to_string(bound))));
    }
    return id;
  }
  const auto hosts = HAWSER_TRY(resolve_until(host, deadline_ns, clock));
  for (const uint16_t port : ports)
    for (const Address& each : hosts) id.addresses.push_back(with_port(each, port));
  return id;
}

Result<UniqueId> meet_by_torchrun(const Launch& launch, const Config& config, const FindVariable& find, uint64_t deadline_ns,
                                  const Clock& clock, std::unique_ptr<Root>* root) {
  const std::string host = find("MASTER_ADDR").value_or(""), port_text = find("MASTER_PORT").value_or("");
  const int store_port = HAWSER_TRY(parse_number("MASTER_PORT", port_text, 1, 65535));  // torchrun's own store listens there
  const std::string job = "torchrun\n" + find("TORCHELASTIC_RUN_ID").value_or("") + "\n" + find("TORCHELASTIC_RESTART_COUNT").value_or("") +
                          "\n" + host + "\n" + port_text + "\n" + std::to_string(launch.ranks);
  std::vector<uint16_t> ports;
  const uint64_t first = static_cast<uint64_t>(store_port) + 1 + hash(job) % 256;
  for (uint64_t i = 0; i < kPorts; ++i) ports.push_back(static_cast<uint16_t>(1024 + (first + i + 65536 - 1024) % (65536 - 1024)));
  std::erase(ports, static_cast<uint16_t>(store_port));
  return meet_at(host, ports, derived_id(job), launch, config, deadline_ns, clock, root);
}

Result<UniqueId> meet_at_root(const Launch& launch, const Config& config, uint64_t deadline_ns, const Clock& clock,
                              std::unique_ptr<Root>* root) {
  const size_t colon = config.root.rfind(':');
  if (colon == std::string::npos || colon == 0)
    return Status(Code::invalid, "HAWSER_ROOT is \"" + config.root + "\", which is not host:port");
  std::string host = config.root.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const int port = HAWSER_TRY(parse_number("the port of HAWSER_ROOT", config.root.substr(colon + 1), 1, 65535));
  const UniqueId id = derived_id("root\n" + config.root + "\n" + std::to_string(launch.ranks));
  return meet_at(host, {static_cast<uint16_t>(port)}, id, launch, config, deadline_ns, clock, root);
}

// --- Ids that are handed around ----------------------------------------------------------------------------------------------------------

Result<UniqueId> parse_id(const std::string& what, const std::string& digits) {
  std::array<std::byte, unique_id_bytes> bytes;
  if (!parse_hexadecimal(digits, bytes))
    return Status(Code::invalid, what + " must have 256 hexadecimal digits, and has " + std::to_string(digits.size()) + " characters");
  return UniqueId::decode(bytes).during(what);
}

Result<std::unique_ptr<Root>> fresh_root(const Config& config, const Clock& clock, Random& random) {
  std::array<std::byte, 16> secret;
  random.fill(secret);
  return Root::start(config, secret, {}, clock);
}

Result<UniqueId> meet_by_pmix(const Launch& launch, const Config& config, uint64_t deadline_ns, const Clock& clock, Random& random,
                              std::unique_ptr<Root>* root) {
  std::string mine;
  if (launch.rank == 0) {
    *root = HAWSER_TRY(fresh_root(config, clock, random));
    std::array<std::byte, unique_id_bytes> bytes;
    (*root)->id().encode(bytes);
    mine = hexadecimal(bytes);
  }
  return parse_id("the id that PMIx gave", HAWSER_TRY(share_by_pmix(launch.rank, mine, deadline_ns, clock)));
}

Result<UniqueId> meet_alone(const Config& config, const Clock& clock, Random& random, std::unique_ptr<Root>* root) {
  Config here = config;
  here.transport = "shm";  // nobody comes from elsewhere
  *root = HAWSER_TRY(fresh_root(here, clock, random));
  return (*root)->id();
}

Result<UniqueId> meet_by_launcher(const Launch& launch, const Config& config, const FindVariable& find, uint64_t deadline_ns,
                                  const Clock& clock, Random& random, std::unique_ptr<Root>* root) {
  if (launch.launcher == "HAWSER_ID") return parse_id("HAWSER_ID", config.id);
  if (launch.launcher == "HAWSER_FILE") return meet_by_file(config.file, launch.rank, config, deadline_ns, clock, random, root);
  if (launch.launcher == "HAWSER_ROOT") return meet_at_root(launch, config, deadline_ns, clock, root);
  if (launch.launcher == "torchrun") return meet_by_torchrun(launch, config, find, deadline_ns, clock, root);
  if (launch.launcher == "Open MPI") return meet_by_pmix(launch, config, deadline_ns, clock, random, root);
  return meet_alone(config, clock, random, root);
}

}  // namespace

Result<Launch> find_launch(const Config& config, const FindVariable& find) {
  const bool own = !(config.rank + config.ranks + config.id + config.file + config.root).empty();
  if (own) return own_launch(config);
  const auto torch = needs_of(find, {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"});
  const auto open_mpi = needs_of(find, {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"});
  if (all(torch)) return checked("RANK", *find("RANK"), "WORLD_SIZE", *find("WORLD_SIZE"), "torchrun");
  if (all(open_mpi))
    return checked("OMPI_COMM_WORLD_RANK", *find("OMPI_COMM_WORLD_RANK"), "OMPI_COMM_WORLD_SIZE", *find("OMPI_COMM_WORLD_SIZE"),
                   "Open MPI");
  if (any(torch)) return half_set("torchrun", torch);
  if (any(open_mpi)) return half_set("Open MPI", open_mpi);
  return Launch{1, 0, "nobody"};
}

Result<UniqueId> meet_by_environment(const Launch& launch, const Config& config, const FindVariable& find, uint64_t deadline_ns,
                                     const Clock& clock, Random& random, std::unique_ptr<Root>* root) {
  root->reset();
  auto id = meet_by_launcher(launch, config, find, deadline_ns, clock, random, root);
  if (!id.ok() && *root) {  // nobody will come
    (*root)->stop();
    root->reset();
  }
  return id;
}

}  // namespace hawser
