// The topology value: made from checked parts, asked who sits where.
#include "src/topology/topology.h"

#include <cassert>

#include "src/topology/checks.h"
#include "src/topology/contraction.h"
#include "src/topology/places.h"

namespace hawser {

Result<Topology> Topology::make(std::vector<Switch> switches, std::vector<SharedLink> links, std::vector<HostRun> runs,
                                std::vector<std::string> order) {
  HAWSER_TRY(check_switches(switches));
  HAWSER_TRY(check_links(switches, links));
  HAWSER_TRY(check_runs(switches, runs));
  HAWSER_TRY(check_connected(switches, links, runs));
  Topology topology;
  topology.switches_ = std::move(switches);
  topology.links_ = std::move(links);
  topology.runs_ = merged(std::move(runs));
  topology.places_ = HAWSER_TRY(Places::make(topology.runs_, order));
  topology.contraction_ = std::make_shared<const Contraction>(contract(topology));
  return topology;
}

Topology Topology::one_island(int ranks, const IslandFacts& facts) {
  assert(ranks > 0 && static_cast<uint64_t>(ranks) <= kMostRanksPerHost);
  Topology topology;
  topology.runs_.resize(1);
  topology.runs_[0].first_name = "host";
  topology.runs_[0].ranks_per_host = static_cast<uint32_t>(ranks);
  topology.runs_[0].island = facts;
  topology.places_ = Places::make(topology.runs_, {}).value();
  topology.contraction_ = std::make_shared<const Contraction>(contract(topology));
  return topology;
}

int Topology::ranks() const { return places_ ? places_->ranks() : 0; }
int Topology::hosts() const { return places_ ? places_->hosts() : 0; }
int Topology::islands() const { return places_ ? places_->islands() : 0; }
int Topology::host_of(Rank rank) const { return places_->seat(rank).host; }
int Topology::local_of(Rank rank) const { return places_->seat(rank).local; }
int Topology::island_of(Rank rank) const { return places_->seat(rank).island; }
std::vector<Rank> Topology::ranks_of_island(int island) const { return places_->ranks_of_island(island); }
std::vector<Rank> Topology::ranks_of_host(int host) const { return places_->ranks_of_host(host); }
uint32_t Topology::run_index_of_host(int host) const { return places_->run_of_host(host); }
const HostRun& Topology::run_of_host(int host) const { return runs_[places_->run_of_host(host)]; }
std::string Topology::host_name(int host) const { return name_of_host(run_of_host(host), places_->index_in_run(host)); }
const IslandFacts& Topology::island_facts(int island) const { return runs_[places_->run_of_island(island)].island; }
const Contraction& Topology::contraction() const { return *contraction_; }

}  // namespace hawser
