// Topology text to topology. The text is untrusted: everything is capped, and every error names its line.
#include <charconv>
#include <span>
#include <unordered_map>

#include "src/topology/names.h"
#include "src/topology/topology.h"

namespace hawser {
namespace {

using Words = std::vector<std::string_view>;

Status invalid(std::string text) { return Status(Code::invalid, std::move(text)); }
std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 80)) + "'"; }

Words words_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  Words words;
  for (size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

Result<uint64_t> parse_whole(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > most)
    return invalid(quoted(text) + " is not a whole number of at most " + std::to_string(most));
  return value;
}

// "12.5" with at most `places` decimals, in units of 10^-places; at most nine digits before the point.
Result<uint64_t> parse_decimal(std::string_view text, size_t places) {
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point), part = point < text.size() ? text.substr(point + 1) : "";
  const auto digits = [](std::string_view s) { return s.find_first_not_of("0123456789") == std::string_view::npos; };
  if (whole.empty() || whole.size() > 9 || part.size() > places || (point < text.size() && part.empty()) || !digits(whole) || !digits(part))
    return invalid(quoted(text) + " is not a number with at most 9 digits and " + std::to_string(places) + " decimals");
  uint64_t value = 0;
  for (const char digit : whole) value = value * 10 + static_cast<uint64_t>(digit - '0');
  for (size_t i = 0; i < places; ++i) value = value * 10 + (i < part.size() ? static_cast<uint64_t>(part[i] - '0') : 0);
  return value;
}

Result<uint64_t> parse_gbit(std::string_view text) { return parse_decimal(text, 9); }

Result<Rate> parse_rate(std::string_view text) {
  const size_t slash = text.find('/');
  const uint64_t out = HAWSER_TRY(parse_gbit(text.substr(0, slash)));
  if (slash == std::string_view::npos) return Rate{out, out};
  return Rate{out, HAWSER_TRY(parse_gbit(text.substr(slash + 1)))};
}

Result<int64_t> parse_latency(std::string_view text) { return static_cast<int64_t>(HAWSER_TRY(parse_decimal(text, 3))); }

Result<std::pair<uint64_t, uint64_t>> parse_range(std::string_view text, uint64_t most) {  // "3" or "0-3"
  const size_t dash = text.find('-');
  const uint64_t from = HAWSER_TRY(parse_whole(text.substr(0, dash), most));
  if (dash == std::string_view::npos) return std::pair{from, from};
  const uint64_t to = HAWSER_TRY(parse_whole(text.substr(dash + 1), most));
  if (to < from) return invalid(quoted(text) + " runs backwards");
  return std::pair{from, to};
}

// The words of one line, taken from the front.
class Reader {
 public:
  explicit Reader(std::span<const std::string_view> words) : words_(words) {}
  bool empty() const { return words_.empty(); }
  bool take(std::string_view word) {
    if (words_.empty() || words_[0] != word) return false;
    words_ = words_.subspan(1);
    return true;
  }
  Result<std::string_view> next(std::string_view what) {
    if (words_.empty()) return invalid("the line ends where " + std::string(what) + " should be");
    const std::string_view word = words_[0];
    words_ = words_.subspan(1);
    return word;
  }
  Status end() const { return words_.empty() ? Status() : invalid("unexpected " + quoted(words_[0])); }

 private:
  std::span<const std::string_view> words_;
};

class Parser {
 public:
  Result<Topology> run(std::string_view text);

 private:
  Status line(const Words&);
  Status header(Reader);
  Status add_switch(Reader);
  Status add_link(Reader);
  Status add_host(Reader);
  Status add_island(Reader);
  Status add_order(Reader);
  Result<Port> port(Reader&);
  Result<uint32_t> switch_named(Reader&);

  std::vector<Switch> switches_;
  std::unordered_map<std::string_view, uint32_t> switch_numbers_;
  std::vector<SharedLink> links_;
  std::vector<HostRun> runs_;
  std::vector<std::string> order_;
  bool header_seen_ = false, island_seen_ = false;
};

Result<Topology> Parser::run(std::string_view text) {
  if (text.size() > kMostTextBytes) return invalid("topology text of " + std::to_string(text.size()) + " bytes; at most 1 MiB");
  size_t number = 0;
  for (size_t at = 0; at < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const Words words = words_of(text.substr(at, end - at));
    at = end + 1;
    if (words.empty()) continue;
    HAWSER_TRY(line(words).during("topology line " + std::to_string(number + 1)));
  }
  if (!header_seen_) return invalid("topology text: no line 'topology 1'");
  return Topology::make(std::move(switches_), std::move(links_), std::move(runs_), std::move(order_))
      .during("topology of " + std::to_string(number) + " lines");
}

Status Parser::line(const Words& words) {
  const Reader rest(std::span<const std::string_view>(words).subspan(1));
  const std::string_view verb = words[0];
  if (verb == "topology") return header(rest);
  if (!header_seen_) return invalid("the first line must be 'topology 1', not " + quoted(verb));
  if (verb == "switch") return add_switch(rest);
  if (verb == "link") return add_link(rest);
  if (verb == "host") return add_host(rest);
  if (verb == "island") return add_island(rest);
  if (verb == "order") return add_order(rest);
  return invalid(quoted(verb) + " is none of switch, link, host, island, order");
}

Status Parser::header(Reader words) {
  if (header_seen_) return invalid("a second 'topology' line");
  if (!words.take("1")) return invalid("this version reads 'topology 1' only");
  header_seen_ = true;
  return words.end();
}

Status Parser::add_switch(Reader words) {
  Switch one;
  const std::string_view name = HAWSER_TRY(words.next("a switch's name"));
  const std::string_view kind = HAWSER_TRY(words.next("a kind"));
  const auto fabric = parse_fabric(kind);
  if (!fabric) return invalid(quoted(kind) + " is no kind of fabric: ethernet, infiniband, roce, iwarp, shared, memory");
  one.name = name;
  one.fabric = *fabric;
  if (words.take("core")) one.core_bits_per_s = HAWSER_TRY(parse_gbit(HAWSER_TRY(words.next("the core's rate"))));
  if (switches_.size() >= kMostNames) return invalid("more than 65536 switches");
  if (!switch_numbers_.emplace(name, static_cast<uint32_t>(switches_.size())).second) return invalid("a second switch " + quoted(name));
  switches_.push_back(std::move(one));
  return words.end();
}

Result<uint32_t> Parser::switch_named(Reader& words) {
  const std::string_view name = HAWSER_TRY(words.next("a switch's name"));
  const auto found = switch_numbers_.find(name);
  if (found == switch_numbers_.end()) return invalid("no switch is named " + quoted(name) + " above this line");
  return found->second;
}

Status Parser::add_link(Reader words) {
  SharedLink link;
  link.from = HAWSER_TRY(switch_named(words));
  link.to = HAWSER_TRY(switch_named(words));
  link.rate = HAWSER_TRY(parse_rate(HAWSER_TRY(words.next("a rate"))));
  if (words.take("lat")) link.latency_ns = HAWSER_TRY(parse_latency(HAWSER_TRY(words.next("a latency"))));
  if (links_.size() >= kMostNames) return invalid("more than 65536 links");
  links_.push_back(link);
  return words.end();
}

Status parse_host_name(std::string_view text, HostRun& run) {  // NAME or NAME[FROM-TO]
  const size_t bracket = text.find('[');
  run.first_name = text.substr(0, bracket);
  if (bracket == std::string_view::npos) return {};
  const size_t dash = text.find('-', bracket);
  if (text.back() != ']' || dash == std::string_view::npos) return invalid(quoted(text) + " is not NAME[FROM-TO]");
  if (bracket > 0 && text[bracket - 1] >= '0' && text[bracket - 1] <= '9')
    return invalid(quoted(text) + ": a digit before the bracket is ambiguous");
  const std::string_view from = text.substr(bracket + 1, dash - bracket - 1), to = text.substr(dash + 1, text.size() - dash - 2);
  const uint64_t first = HAWSER_TRY(parse_whole(from, 999'999'999'999'999'999)),
                 last = HAWSER_TRY(parse_whole(to, 999'999'999'999'999'999));
  if (last < first || last - first >= kMostRanks) return invalid(quoted(text) + ": not 1 to 1048576 hosts");
  run.first_name += from;
  run.hosts = static_cast<uint32_t>(last - first + 1);
  return {};
}

Result<Port> Parser::port(Reader& words) {
  Port port;
  port.at_switch = HAWSER_TRY(switch_named(words));
  port.rate = HAWSER_TRY(parse_rate(HAWSER_TRY(words.next("a rate"))));
  if (words.take("lat")) port.latency_ns = HAWSER_TRY(parse_latency(HAWSER_TRY(words.next("a latency"))));
  if (!words.take("for")) return port;
  const auto [from, to] = HAWSER_TRY(parse_range(HAWSER_TRY(words.next("ranks FROM-TO")), UINT16_MAX));
  port.first_local = static_cast<uint16_t>(from);
  port.last_local = static_cast<uint16_t>(to);
  port.each = words.take("each");
  return port;
}

Status Parser::add_host(Reader words) {
  HostRun run;
  HAWSER_TRY(parse_host_name(HAWSER_TRY(words.next("a host's name")), run));
  if (!words.take("ranks")) return invalid("after a host's name comes 'ranks N'");
  run.ranks_per_host = static_cast<uint32_t>(HAWSER_TRY(parse_whole(HAWSER_TRY(words.next("how many ranks")), kMostRanksPerHost)));
  if (words.take("islands"))
    run.islands_per_host = static_cast<uint32_t>(HAWSER_TRY(parse_whole(HAWSER_TRY(words.next("how many islands")), kMostRanksPerHost)));
  if (words.take("inner")) {
    run.inner = HAWSER_TRY(parse_rate(HAWSER_TRY(words.next("a rate"))));
    if (words.take("lat")) run.inner_latency_ns = HAWSER_TRY(parse_latency(HAWSER_TRY(words.next("a latency"))));
  }
  while (words.take("on")) {
    if (run.ports.size() >= 256) return invalid("more than 256 ports");
    run.ports.push_back(HAWSER_TRY(port(words)));
  }
  HAWSER_TRY(words.end());
  if (runs_.size() >= kMostNames) return invalid("more than 65536 host lines");
  runs_.push_back(std::move(run));
  island_seen_ = false;
  return {};
}

Result<uint64_t> parse_bytes_per_s(std::string_view text) { return HAWSER_TRY(parse_gbit(text)) / 8; }

Status Parser::add_island(Reader words) {
  if (runs_.empty() || island_seen_) return invalid("an island line follows its host line, once");
  island_seen_ = true;
  IslandFacts& facts = runs_.back().island;
  while (!words.empty()) {
    const std::string_view fact = HAWSER_TRY(words.next("a fact")), value = HAWSER_TRY(words.next("its value"));
    if (fact == "hop") facts.hop_ns = static_cast<uint32_t>(HAWSER_TRY(parse_whole(value, 1'000'000'000)));
    else if (fact == "copy") facts.copy_bytes_per_s = HAWSER_TRY(parse_bytes_per_s(value));
    else if (fact == "nt") facts.non_temporal_bytes_per_s = HAWSER_TRY(parse_bytes_per_s(value));
    else if (fact == "l2") facts.l2_kib = static_cast<uint32_t>(HAWSER_TRY(parse_whole(value, 1u << 30)));
    else if (fact == "l3") facts.l3_share_kib = static_cast<uint32_t>(HAWSER_TRY(parse_whole(value, 1u << 30)));
    else if (fact == "per_cpu")
      facts.ranks_per_cpu_x256 = static_cast<uint32_t>(std::min<uint64_t>(HAWSER_TRY(parse_decimal(value, 8)) / 390625, UINT32_MAX));
    else if (fact == "publish") facts.publish_bytes_per_s = HAWSER_TRY(parse_bytes_per_s(value));
    else if (fact == "take") facts.take_bytes_per_s = HAWSER_TRY(parse_bytes_per_s(value));
    else if (fact == "cma") facts.cma_bytes_per_s = HAWSER_TRY(parse_bytes_per_s(value));
    else if (fact == "cma_again") facts.cma_again_bytes_per_s = HAWSER_TRY(parse_bytes_per_s(value));
    else if (fact == "cma_ns") facts.cma_ns = static_cast<uint32_t>(HAWSER_TRY(parse_whole(value, 1'000'000'000)));
    else return invalid(quoted(fact) + " is none of hop, copy, nt, l2, l3, per_cpu, publish, take, cma, cma_again, cma_ns");
  }
  return {};
}

Status Parser::add_order(Reader words) {
  if (words.empty()) return invalid("an order line names hosts");
  while (!words.empty()) order_.emplace_back(HAWSER_TRY(words.next("a host's name")));
  return {};
}

}  // namespace

Result<Topology> Topology::parse(std::string_view text) { return Parser().run(text); }

}  // namespace hawser
