// Arithmetic from ranks to hosts and islands, and the reading of order lines.
#include "src/topology/places.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "src/topology/names.h"

namespace hawser {
Result<std::shared_ptr<const Places>> Places::make(const std::vector<HostRun>& runs, const std::vector<std::string>& order) {
  auto places = std::make_shared<Places>();
  for (const HostRun& run : runs) {
    const int ranks = static_cast<int>(run.ranks_per_host), islands = static_cast<int>(run.islands_per_host);
    places->spans_.push_back({places->ranks_, places->hosts_, places->islands_, ranks, ranks / islands, islands});
    places->ranks_ += ranks * static_cast<int>(run.hosts);
    places->hosts_ += static_cast<int>(run.hosts);
    places->islands_ += islands * static_cast<int>(run.hosts);
  }
  if (!order.empty()) HAWSER_TRY(places->shuffle(runs, order));
  return std::shared_ptr<const Places>(std::move(places));
}

const Places::Span& Places::span_of_rank(Rank rank) const {
  assert(rank >= 0 && rank < ranks_);
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), rank, [](Rank r, const Span& span) { return r < span.first_rank; });
  return *(after - 1);
}

Places::Seat Places::seat(Rank rank) const {
  if (shuffled()) return seats_[static_cast<size_t>(rank)];
  const Span& span = span_of_rank(rank);
  const int offset = rank - span.first_rank;
  return {static_cast<uint32_t>(&span - spans_.data()), span.first_host + offset / span.ranks_per_host, offset % span.ranks_per_host,
          span.first_island + offset / span.ranks_per_island};
}

uint32_t Places::run_of_host(int host) const {
  assert(host >= 0 && host < hosts_);
  const int at = static_cast<int>(text_host(host));
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), at, [](int h, const Span& span) { return h < span.first_host; });
  return static_cast<uint32_t>(after - 1 - spans_.begin());
}

uint32_t Places::index_in_run(int host) const { return text_host(host) - static_cast<uint32_t>(spans_[run_of_host(host)].first_host); }

uint32_t Places::run_of_island(int island) const {
  assert(island >= 0 && island < islands_);
  if (shuffled()) return island_run_[static_cast<size_t>(island)];
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), island, [](int i, const Span& span) { return i < span.first_island; });
  return static_cast<uint32_t>(after - 1 - spans_.begin());
}

namespace {

std::vector<Rank> consecutive(Rank first, int count) {
  std::vector<Rank> ranks(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) ranks[static_cast<size_t>(i)] = first + i;
  return ranks;
}

}  // namespace

std::vector<Rank> Places::ranks_of_island(int island) const {
  if (shuffled()) return by_island_[static_cast<size_t>(island)];
  const Span& span = spans_[run_of_island(island)];
  return consecutive(span.first_rank + (island - span.first_island) * span.ranks_per_island, span.ranks_per_island);
}

std::vector<Rank> Places::ranks_of_host(int host) const {
  if (shuffled()) return by_host_[static_cast<size_t>(host)];
  const Span& span = spans_[run_of_host(host)];
  return consecutive(span.first_rank + (host - span.first_host) * span.ranks_per_host, span.ranks_per_host);
}

// ---- order lines

namespace {

struct Entry {
  std::string_view name;
  int local = -1;  // -1: the whole host
};

Result<Entry> parse_entry(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Entry{text, -1};
  Entry entry{text.substr(0, colon), 0};
  const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), entry.local);
  if (error != std::errc{} || end != text.data() + text.size() || entry.local < 0)
    return Status(Code::invalid, "order: '" + std::string(text) + "' is not NAME or NAME:LOCAL");
  return entry;
}

}  // namespace

Status Places::claim(const HostNames& names, const std::string& text, std::vector<bool>& taken) {
  const Entry entry = HAWSER_TRY(parse_entry(text));
  const auto found = names.find(entry.name);
  if (!found) return Status(Code::invalid, "order: no host is named '" + std::string(entry.name) + "'");
  const Span& span = spans_[found->run];
  if (entry.local >= span.ranks_per_host)
    return Status(Code::invalid, "order: '" + text + "', but that host has only " + std::to_string(span.ranks_per_host) + " ranks");
  const int from = entry.local < 0 ? 0 : entry.local, to = entry.local < 0 ? span.ranks_per_host : entry.local + 1;
  for (int local = from; local < to; ++local) {
    const int offset = static_cast<int>(found->index) * span.ranks_per_host + local;
    if (taken[static_cast<size_t>(span.first_rank + offset)]) return Status(Code::invalid, "order: '" + text + "' names a rank twice");
    taken[static_cast<size_t>(span.first_rank + offset)] = true;
    seats_.push_back(
        {found->run, span.first_host + static_cast<int>(found->index), local, span.first_island + offset / span.ranks_per_island});
  }
  return {};
}

Status Places::shuffle(const std::vector<HostRun>& runs, const std::vector<std::string>& order) {
  std::vector<bool> taken(static_cast<size_t>(ranks_));
  const HostNames names = HAWSER_TRY(HostNames::make(runs));
  for (const std::string& entry : order) HAWSER_TRY(claim(names, entry, taken));
  if (seats_.size() != static_cast<size_t>(ranks_))
    return Status(Code::invalid, "order: names " + std::to_string(seats_.size()) + " of " + std::to_string(ranks_) +
                                     " ranks; name every host, or every NAME:LOCAL of it, once");
  number_in_rank_order();
  return {};
}

// The seats hold numbers in order of text; hosts and islands are numbered anew in order of their first rank. Text order needs no tables.
void Places::number_in_rank_order() {
  std::vector<int> host(static_cast<size_t>(hosts_), -1), island(static_cast<size_t>(islands_), -1);
  bool in_text_order = true;
  for (Rank rank = 0; rank < ranks_; ++rank) {
    Seat& seat = seats_[static_cast<size_t>(rank)];
    const Span& span = spans_[seat.run];
    in_text_order &= rank == span.first_rank + (seat.host - span.first_host) * span.ranks_per_host + seat.local;
    int& new_host = host[static_cast<size_t>(seat.host)];
    if (new_host < 0) {
      new_host = static_cast<int>(by_host_.size());
      by_host_.emplace_back();
      text_host_.push_back(static_cast<uint32_t>(seat.host));
    }
    int& new_island = island[static_cast<size_t>(seat.island)];
    if (new_island < 0) {
      new_island = static_cast<int>(by_island_.size());
      by_island_.emplace_back();
      island_run_.push_back(seat.run);
    }
    seat.host = new_host;
    seat.island = new_island;
    by_host_[static_cast<size_t>(new_host)].push_back(rank);
    by_island_[static_cast<size_t>(new_island)].push_back(rank);
  }
  if (!in_text_order) return;
  seats_.clear(), text_host_.clear(), island_run_.clear(), by_island_.clear(), by_host_.clear();
}

std::vector<std::string> order_entries(const Places& places, const std::vector<HostRun>& runs) {
  std::vector<std::string> entries;
  if (!places.shuffled()) return entries;
  for (Rank rank = 0; rank < places.ranks();) {
    const Places::Seat seat = places.seat(rank);
    const std::string name = name_of_host(runs[seat.run], places.index_in_run(seat.host));
    const int size = static_cast<int>(runs[seat.run].ranks_per_host);
    int together = 0;
    while (together < size && rank + together < places.ranks() && places.seat(rank + together).host == seat.host &&
           places.seat(rank + together).local == together)
      ++together;
    const bool whole = together == size;
    entries.push_back(whole ? name : name + ":" + std::to_string(seat.local));
    rank += whole ? size : 1;
  }
  return entries;
}

}  // namespace hawser
