// What all records must agree on, and which ranks could share memory.
#include <algorithm>
#include <map>
#include <tuple>

#include "src/agreement/record.h"
#include "src/topology/discovery.h"

namespace hawser {
namespace {

Status differ(const std::string& what, const std::string& first, const std::string& other, size_t rank) {
  return Status(Code::mismatch, what + " differs: rank 0 has " + first + ", rank " + std::to_string(rank) + " has " + other);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "tcp_lanes=1": the setting and its value, for a message; printable, as the other rank wrote it.
std::string shown(std::string_view line) {
  const size_t equals = line.find('=');
  std::string value(equals == std::string_view::npos ? line : line.substr(equals + 1));
  for (char& letter : value)
    if (letter < ' ' || letter > '~') letter = '?';
  return "\"" + value.substr(0, 100) + "\"";
}

Status compare_settings(const Record& first, const Record& other, size_t rank) {
  const auto ours = lines_of(first.settings), theirs = lines_of(other.settings);
  for (size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const std::string_view a = i < ours.size() ? ours[i] : "", b = i < theirs.size() ? theirs[i] : "";
    if (a == b) continue;
    const std::string_view named = a.empty() ? b : a;
    const std::string name(named.substr(0, std::min<size_t>(named.find('='), 100)));
    return differ("the setting " + name, shown(a), shown(b), rank);
  }
  return {};
}

std::string hexadecimal(uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Status compare(const Record& first, const Record& other, size_t rank) {
  if (first.protocol != other.protocol)
    return differ("the protocol version", std::to_string(first.protocol), std::to_string(other.protocol), rank);
  if (first.library_version != other.library_version)
    return differ("the version of Hawser", first.library_version, other.library_version, rank);
  if (first.catalog != other.catalog)
    return differ("the catalog of planners", hexadecimal(first.catalog), hexadecimal(other.catalog), rank);
  return compare_settings(first, other, rank);
}

bool tcp_only(const Record& record) {
  const auto lines = lines_of(record.settings);
  return std::find(lines.begin(), lines.end(), "transport=tcp") != lines.end();
}

}  // namespace

Status check_records(const std::vector<Record>& records) {
  for (size_t rank = 0; rank < records.size(); ++rank)
    if (records[rank].protocol != protocol_version && records[rank].protocol == records[0].protocol)
      return Status(Code::mismatch, "rank " + std::to_string(rank) + " speaks protocol version " + std::to_string(records[rank].protocol) +
                                        ", this library version " + std::to_string(protocol_version));
  std::map<Identity, size_t> seen;
  for (size_t rank = 0; rank < records.size(); ++rank) {
    HAWSER_TRY(compare(records[0], records[rank], rank));
    const auto [first, fresh] = seen.emplace(records[rank].identity, rank);
    if (!fresh)
      return Status(Code::usage,
                    "ranks " + std::to_string(first->second) + " and " + std::to_string(rank) +
                        " use one context: a context is one rank's seat; make another, or create the ranks in threads of their own");
  }
  return {};
}

namespace {

std::string_view machine_of(const Record& record) {  // one machine may play several hosts
  return std::string_view(record.boot_id).substr(0, record.boot_id.find('/'));
}

}  // namespace

uint32_t ranks_per_cpu_x256(const std::vector<Record>& records, size_t rank) {
  std::vector<uint64_t> together;
  uint64_t ranks = 0;
  uint32_t quota_x256 = 0;
  for (const Record& record : records) {
    if (&record != &records[rank] && (record.boot_id.empty() || machine_of(record) != machine_of(records[rank]))) continue;
    ++ranks;
    quota_x256 = std::max(quota_x256, record.quota_x256);
    together.resize(std::max(together.size(), record.cpu_mask.size()));
    for (size_t word = 0; word < record.cpu_mask.size(); ++word) together[word] |= record.cpu_mask[word];
  }
  const uint64_t cpus_x256 = std::clamp<uint64_t>(uint64_t{cpus_in(together)} * 256, 1, std::max(1u, quota_x256));
  return static_cast<uint32_t>(std::clamp<uint64_t>(ranks * 65536 / cpus_x256, 1, UINT32_MAX));
}

std::vector<int> hosts_of(const std::vector<Record>& records) {
  std::map<std::tuple<std::string, uint64_t>, int> host_of;  // by boot id and user
  std::vector<int> hosts;
  int next = 0;
  for (const Record& record : records) {
    const bool may_share = !record.boot_id.empty() && !record.door.empty() && !tcp_only(record);
    if (!may_share) {
      hosts.push_back(next++);
      continue;
    }
    const auto [found, fresh] = host_of.emplace(std::tuple(record.boot_id, record.user), next);
    next += fresh;
    hosts.push_back(found->second);
  }
  return hosts;
}

std::vector<int> islands_of(const std::vector<int>& hosts, const std::vector<std::vector<int>>& reached) {
  std::vector<std::vector<int>> sorted(hosts.size());
  for (size_t rank = 0; rank < std::min(hosts.size(), reached.size()); ++rank) {
    sorted[rank] = reached[rank];
    std::sort(sorted[rank].begin(), sorted[rank].end());
  }
  const auto mapped = [&](size_t a, size_t b) { return std::binary_search(sorted[a].begin(), sorted[a].end(), static_cast<int>(b)); };
  std::vector<int> islands(hosts.size());
  std::vector<std::vector<size_t>> members;  // by island
  std::map<int, std::vector<int>> on_host;   // islands of a host, in rank order
  for (size_t rank = 0; rank < hosts.size(); ++rank) {
    std::vector<int>& candidates = on_host[hosts[rank]];
    const auto fits = std::find_if(candidates.begin(), candidates.end(), [&](int island) {
      const auto& all = members[static_cast<size_t>(island)];
      return std::all_of(all.begin(), all.end(), [&](size_t member) { return mapped(rank, member) && mapped(member, rank); });
    });
    if (fits == candidates.end()) {
      candidates.push_back(static_cast<int>(members.size()));
      islands[rank] = static_cast<int>(members.size());
      members.push_back({rank});
    } else {
      islands[rank] = *fits;
      members[static_cast<size_t>(*fits)].push_back(rank);
    }
  }
  return islands;
}

}  // namespace hawser
