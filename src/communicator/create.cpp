// The rounds of a creation: records; who reached whom, and where the areas lie; the islands' measured facts; the fingerprint of what came
// out.
#include "src/communicator/create.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "collectives/planner.h"
#include "src/agreement/record.h"
#include "src/base/hash.h"

namespace hawser {
namespace {

// --- Blobs of the rounds: fixed little-endian fields; every length from outside is checked. ---

template <class Value>
void put(std::string& into, const Value& value) {
  static_assert(std::is_trivially_copyable_v<Value>);
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Value>
bool get(std::string_view& from, Value& value) {
  if (from.size() < sizeof value) return false;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return true;
}

Status malformed(size_t rank, const char* what) {
  return Status(Code::internal, "rank " + std::to_string(rank) + " published a malformed " + what);
}

struct Meeting {
  std::vector<int> reached;
  uint64_t area_offset = 0;
};

std::string encode(const Meeting& meeting) {
  std::string blob;
  put(blob, meeting.area_offset);
  for (const int rank : meeting.reached) put(blob, static_cast<int32_t>(rank));
  return blob;
}

Result<Meeting> decode_meeting(std::string_view blob, size_t rank, int ranks) {
  Meeting meeting;
  if (!get(blob, meeting.area_offset)) return malformed(rank, "meeting");
  for (int32_t other = 0; get(blob, other);) {
    if (other < 0 || other >= ranks) return malformed(rank, "meeting");
    meeting.reached.push_back(other);
  }
  return meeting;
}

std::vector<Record> decode_records(const std::vector<std::string>& blobs, Status& failed) {
  std::vector<Record> records;
  for (size_t rank = 0; rank < blobs.size(); ++rank) {
    auto record = Record::decode(blobs[rank]);
    if (!record.ok()) {
      failed = std::move(record).status().during("record of rank " + std::to_string(rank));
      return {};
    }
    records.push_back(std::move(record).value());
  }
  return records;
}

// --- What this rank publishes, and what it makes of the others' ---

Result<Record> own_record(Context& context, const Config& config) {
  Record record = HAWSER_TRY(record_of_this_process(config, context.identity()));
  record.catalog = catalog_hash();
  record.door = context.switchboard().door();
  const auto& interfaces = context.switchboard().interfaces();
  const auto& addresses = context.switchboard().addresses();
  for (NicRecord& nic : record.nics)
    for (size_t i = 0; i < interfaces.size(); ++i)
      if (interfaces[i].name == nic.name) nic.addresses.push_back(addresses[i].text());
  return record;
}

std::string card_label(const Record& record, size_t rank) {
  return "rank " + std::to_string(rank) + ", host " + record.host_name + ", process " + std::to_string(record.process);
}

Result<PeerCard> card_of(const Record& record, size_t rank, const SecretKey& key, bool local) {
  PeerCard card;
  card.identity = record.identity;
  card.label = "host " + record.host_name + ", process " + std::to_string(record.process);
  card.door = record.door;
  card.key = key;
  card.local = local;
  for (const NicRecord& nic : record.nics)
    for (const std::string& address : nic.addresses)
      card.addresses.push_back(HAWSER_TRY(Address::parse(address).during(card_label(record, rank))));
  return card;
}

struct Meet {
  Context& context;
  const CreateOptions& options;
  Roster roster;
  Rank me;
  std::vector<PeerIndex> peers;
  std::vector<int> hosts;
  std::byte* area = nullptr;
  std::vector<IslandMember> island;
};

// A rank of this machine that cannot be reached through its door cannot be a peer either: a context knows one way to each. It is named
// while there is time to tell the others.
Status unreachable_local(const Record& record, int rank) {
  return Status(Code::unreachable, card_label(record, static_cast<size_t>(rank)) +
                                       " is on this machine by its boot id, but its door unix:" + record.door +
                                       " does not answer. Either it died, or it lives in a network namespace of its own, " +
                                       "as containers do: then give each container another name with the setting host (HAWSER_HOST)");
}

// Every rank becomes a peer of the context; those of this host are reached over their doors.
Result<std::vector<int>> meet_locals(Meet& meet) {
  std::vector<PeerCard> cards;
  const auto& records = meet.roster.records;
  const auto mine = static_cast<size_t>(meet.me);
  for (size_t rank = 0; rank < records.size(); ++rank)
    cards.push_back(HAWSER_TRY(card_of(records[rank], rank, meet.roster.key,
                                       rank != mine && meet.hosts[rank] == meet.hosts[mine] && meet.context.segment() != nullptr)));
  meet.peers = meet.context.switchboard().introduce(cards);
  std::vector<PeerIndex> locals;
  std::vector<int> ranks;
  for (size_t rank = 0; rank < records.size(); ++rank)
    if (cards[rank].local) {
      locals.push_back(meet.peers[rank]);
      ranks.push_back(static_cast<int>(rank));
    }
  const uint64_t now = meet.context.clock().now_ns(), left_ns = meet.options.deadline_ns > now ? meet.options.deadline_ns - now : 0;
  const std::vector<bool> reached = meet.context.switchboard().reach(locals, now + left_ns / 2, meet.options.cancel);
  for (size_t i = 0; i < ranks.size(); ++i)
    if (!reached[i]) return unreachable_local(records[static_cast<size_t>(ranks[i])], ranks[i]);
  return ranks;
}

constexpr uint64_t kAreaAlignment = 4096;  // of what carve() gives

// The members of my island as the lowerings see them; offsets from others are checked against their segments.
Status map_island(Meet& meet, const std::vector<Meeting>& meetings) {
  const std::vector<Rank> members = meet.roster.island_of(meet.me);
  if (members.size() < 2) return {};
  const size_t area_bytes = island_area_bytes(static_cast<uint32_t>(members.size()));
  for (const Rank rank : members) {
    IslandMember member;
    if (rank == meet.me) {
      Segment& segment = *meet.context.segment();
      member = {meet.area, segment.base(), segment.bytes(), {}, static_cast<int32_t>(::getpid())};
    } else {
      const Peer& peer = meet.context.switchboard().peer(meet.peers[static_cast<size_t>(rank)]);
      const uint64_t offset = meetings[static_cast<size_t>(rank)].area_offset;
      if (offset % kAreaAlignment != 0) return Status(Code::peer, peer.card.label + ": its area is not aligned");
      member.area = HAWSER_TRY(peer.segment->at(offset, area_bytes).during(peer.card.label));
      member.segment = peer.segment->base();
      member.segment_bytes = peer.segment->bytes();
      member.bell = peer.bell;
      member.process = peer.process;
    }
    meet.island.push_back(member);
  }
  return {};
}

Result<Topology> read_topology(const std::string& path, int ranks) {
  std::ifstream file(path);
  std::string text(kMostTextBytes + 1, '\0');  // one more than is read: a file without end is refused, too
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad() || text.empty()) return Status(Code::invalid, "setting topology: cannot read " + path);
  Topology topology = HAWSER_TRY(Topology::parse(text).during(path));
  if (topology.ranks() != ranks)
    return Status(Code::invalid, "setting topology: " + path + " has " + std::to_string(topology.ranks()) + " ranks, the communicator " +
                                     std::to_string(ranks));
  return topology;
}

// Where every rank's area lies is known: settle the islands, measure them, make the topology, compare it.
Status settle(Meet& meet, Exchange& exchange, const std::vector<Meeting>& meetings) {
  std::vector<std::vector<int>> reached;
  for (const Meeting& meeting : meetings) reached.push_back(meeting.reached);
  meet.roster.islands = islands_of(meet.hosts, reached);
  HAWSER_TRY(map_island(meet, meetings));

  IslandFacts facts;
  facts.ranks_per_cpu_x256 = ranks_per_cpu_x256(meet.roster.records, static_cast<size_t>(meet.me));
  if (!meet.island.empty()) {
    const std::vector<Rank> members = meet.roster.island_of(meet.me);
    const auto me = static_cast<uint32_t>(std::find(members.begin(), members.end(), meet.me) - members.begin());
    facts = measure_island(me, meet.island, facts.ranks_per_cpu_x256);
  }
  std::string blob;
  put(blob, facts);
  const auto blobs = HAWSER_TRY(exchange.all_gather(blob));
  const int islands = meet.roster.islands.empty() ? 0 : *std::max_element(meet.roster.islands.begin(), meet.roster.islands.end()) + 1;
  meet.roster.facts.assign(static_cast<size_t>(islands), {});
  std::vector<bool> told(static_cast<size_t>(islands));
  for (size_t rank = 0; rank < blobs.size(); ++rank) {
    std::string_view rest = blobs[rank];
    IslandFacts theirs;
    if (!get(rest, theirs) || !rest.empty()) return malformed(rank, "measurement");
    const auto island = static_cast<size_t>(meet.roster.islands[rank]);
    if (!told[island]) meet.roster.facts[island] = theirs;  // the first member's stand for all
    told[island] = true;
  }
  meet.roster.topology = meet.options.config.topology.empty()
                             ? HAWSER_TRY(compose_topology(meet.roster.records, meet.roster.islands, meet.roster.facts))
                             : HAWSER_TRY(read_topology(meet.options.config.topology, exchange.ranks()));
  meet.context.waiter().set_ranks_per_cpu(ranks_per_cpu_x256(meet.roster.records, static_cast<size_t>(meet.me)));
  return {};
}

Status compare_fingerprints(Exchange& exchange, const Topology& topology) {
  std::string blob;
  put(blob, topology.fingerprint());
  const auto blobs = HAWSER_TRY(exchange.all_gather(blob));
  for (size_t rank = 0; rank < blobs.size(); ++rank)
    if (blobs[rank] != blob)
      return Status(Code::mismatch,
                    "rank " + std::to_string(rank) + " and rank " + std::to_string(exchange.rank()) + " hold different topologies");
  return {};
}

Communicator::Parts parts_of(Meet& meet, const std::string& name, CommunicatorKey key) {
  Communicator::Parts parts;
  parts.context = &meet.context;
  parts.config = meet.options.config;
  parts.roster = std::move(meet.roster);
  parts.rank = meet.me;
  parts.key = key;
  parts.name = name;
  parts.timeout_ns = meet.options.timeout_ns != 0 ? meet.options.timeout_ns : meet.options.config.timeout;
  parts.peers = std::move(meet.peers);
  parts.island = std::move(meet.island);
  return parts;
}

Status gather_records(Meet& meet, Exchange& exchange) {
  const Record mine = HAWSER_TRY(own_record(meet.context, meet.options.config));
  const auto blobs = HAWSER_TRY(exchange.all_gather(mine.encode()));
  Status failed;
  meet.roster.records = decode_records(blobs, failed);
  HAWSER_TRY(std::move(failed));
  HAWSER_TRY(check_records(meet.roster.records));
  meet.hosts = hosts_of(meet.roster.records);
  return {};
}

Status carve_area(Meet& meet, size_t members) {
  if (members < 2 || meet.context.segment() == nullptr) return {};
  meet.area = HAWSER_TRY(meet.context.segment()->carve(island_area_bytes(static_cast<uint32_t>(members))));
  return {};
}

Result<std::vector<Meeting>> exchange_meetings(Meet& meet, Exchange& exchange, std::vector<int> reached) {
  Meeting mine{std::move(reached), meet.area != nullptr ? meet.context.segment()->offset(meet.area) : 0};
  const auto blobs = HAWSER_TRY(exchange.all_gather(encode(mine)));
  std::vector<Meeting> meetings;
  for (size_t rank = 0; rank < blobs.size(); ++rank) meetings.push_back(HAWSER_TRY(decode_meeting(blobs[rank], rank, exchange.ranks())));
  return meetings;
}

Result<std::unique_ptr<Communicator>> create(Context& context, Exchange& exchange, const SecretKey& key, const CreateOptions& options) {
  Meet meet{context, options, {}, exchange.rank(), {}, {}, nullptr, {}};
  meet.roster.key = key;
  context.switchboard().keys().add(key);
  HAWSER_TRY(gather_records(meet, exchange));
  const std::vector<int> reached = HAWSER_TRY(meet_locals(meet));
  HAWSER_TRY(carve_area(meet, reached.size() + 1));
  const auto meetings = HAWSER_TRY(exchange_meetings(meet, exchange, reached));
  HAWSER_TRY(settle(meet, exchange, meetings));
  HAWSER_TRY(compare_fingerprints(exchange, meet.roster.topology));
  const std::string name = options.name.empty() ? "communicator of " + std::to_string(exchange.ranks()) : options.name;
  return std::make_unique<Communicator>(parts_of(meet, name, key_id(key)));
}

constexpr uint64_t kBlobBytesMax = 1 << 20;  // of Exchange

// Rounds over a communicator that already is: lengths, then the bytes padded to the longest.
class ParentExchange final : public Exchange {
 public:
  explicit ParentExchange(Communicator& parent) : parent_(parent) {}
  int rank() const override { return parent_.rank(); }
  int ranks() const override { return parent_.ranks(); }
  void give_up(const Status&) override { parent_.abort(); }
  Result<std::vector<std::string>> all_gather(std::string_view mine) override {
    const auto n = static_cast<size_t>(ranks());
    const uint64_t length = mine.size();
    std::vector<uint64_t> lengths(n);
    HAWSER_TRY(gather(&length, lengths.data(), 1, DataType::u64));
    const auto most = std::max_element(lengths.begin(), lengths.end());
    const uint64_t longest = *most;
    if (longest > kBlobBytesMax) return malformed(static_cast<size_t>(most - lengths.begin()), "length");
    std::string padded(mine), all(n * longest, '\0');
    padded.resize(longest);
    HAWSER_TRY(gather(padded.data(), all.data(), longest, DataType::u8));
    std::vector<std::string> blobs;
    for (size_t r = 0; r < n; ++r) blobs.push_back(all.substr(r * longest, lengths[r]));
    return blobs;
  }

 private:
  Status gather(const void* in, void* out, size_t count, DataType type) {
    Call call;
    call.collective = Collective::all_gather;
    call.type = type;
    call.count = count;
    call.input = in;
    call.output = out;
    return parent_.run(call);
  }
  Communicator& parent_;
};

struct Wish {
  int32_t color = 0, key = 0;
};

// The parent's ranks with my color, by key, then by old rank.
Result<std::vector<Rank>> chosen_members(const std::vector<std::string>& blobs, int color) {
  std::vector<std::pair<int32_t, Rank>> chosen;
  for (size_t rank = 0; rank < blobs.size(); ++rank) {
    std::string_view rest = blobs[rank];
    Wish wish;
    if (!get(rest, wish)) return malformed(rank, "split");
    if (wish.color == color) chosen.emplace_back(wish.key, static_cast<Rank>(rank));
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<Rank> members;
  for (const auto& [key, rank] : chosen) members.push_back(rank);
  return members;
}

// Everything a member of the part can fail in before the others rely on it.
Status prepare_part(Meet& meet, const Communicator& parent, const std::vector<Rank>& members) {
  meet.roster = HAWSER_TRY(restrict_roster(parent.roster(), members));
  meet.me = static_cast<Rank>(std::find(members.begin(), members.end(), parent.rank()) - members.begin());
  return carve_area(meet, meet.roster.island_of(meet.me).size());
}

// A rank's answer to the others: where its area lies, or why it cannot be a member.
std::string encode_prepared(const Meet& meet, const Status& prepared) {
  std::string blob;
  put(blob, static_cast<int32_t>(prepared.code()));
  if (!prepared.ok()) return blob + prepared.text().substr(0, 4096);
  return blob + encode(Meeting{{}, meet.area != nullptr ? meet.context.segment()->offset(meet.area) : 0});
}

Result<Meeting> decode_prepared(std::string_view blob, size_t rank, int ranks) {
  int32_t code = 0;
  if (!get(blob, code) || code > 0 || code < static_cast<int32_t>(Code::internal)) return malformed(rank, "split");
  if (code == 0) return decode_meeting(blob, rank, ranks);
  return Status(static_cast<Code>(code), "rank " + std::to_string(rank) + " cannot be part of it: " + std::string(blob));
}

// One answer for all members, whoever of them fails.
Result<std::vector<Meeting>> exchange_prepared(const Meet& meet, Exchange& exchange, const std::vector<Rank>& members,
                                               const Status& prepared) {
  const auto blobs = HAWSER_TRY(exchange.all_gather(encode_prepared(meet, prepared)));
  std::vector<Meeting> meetings;
  for (const Rank member : members) {
    const auto at = static_cast<size_t>(member);
    meetings.push_back(HAWSER_TRY(decode_prepared(blobs[at], at, exchange.ranks())));
  }
  return meetings;
}

}  // namespace

Result<std::unique_ptr<Communicator>> create_communicator(Context& context, Exchange& exchange, std::span<const std::byte> secret,
                                                          const CreateOptions& options) {
  auto made = create(context, exchange, derive_key(secret, options.config.secret, "communicator"), options);
  if (!made.ok()) exchange.give_up(made.error());
  return made;
}

Result<std::unique_ptr<Communicator>> split_communicator(Communicator& parent, int color, int key, const CreateOptions& options) {
  ParentExchange exchange(parent);
  std::string blob;
  put(blob, Wish{color, key});
  const auto wishes = HAWSER_TRY(exchange.all_gather(blob));
  Meet meet{parent.context(), options, {}, 0, {}, {}, nullptr, {}};
  const std::vector<Rank> members = color < 0 ? std::vector<Rank>{} : HAWSER_TRY(chosen_members(wishes, color));
  const Status prepared = color < 0 ? Status() : prepare_part(meet, parent, members);
  const uint64_t number = parent.next_split();
  auto meetings = exchange_prepared(meet, exchange, members, prepared);
  if (!meetings.ok()) {
    if (meet.area != nullptr) meet.context.segment()->free(meet.area);  // nobody has seen it
    return std::move(meetings).during("splitting " + parent.name()).status();
  }
  if (color < 0) return std::unique_ptr<Communicator>();
  for (const Rank member : members) meet.peers.push_back(parent.membership().peers()[static_cast<size_t>(member)]);
  HAWSER_TRY(map_island(meet, meetings.value()));
  const CommunicatorKey child = combine(combine(parent.membership().key(), number), static_cast<uint64_t>(color));
  const std::string name = options.name.empty() ? parent.name() + "/" + std::to_string(color) : options.name;
  return std::make_unique<Communicator>(parts_of(meet, name, child));
}

}  // namespace hawser
