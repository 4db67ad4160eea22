// Topology to its canonical text: one way to say each thing, so that equal topologies have equal texts and fingerprints.
#include "src/base/hash.h"
#include "src/topology/names.h"
#include "src/topology/places.h"
#include "src/topology/topology.h"

namespace hawser {
namespace {

std::string decimal(uint64_t value, size_t places) {  // value in units of 10^-places
  std::string digits = std::to_string(value);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string text = digits.substr(0, digits.size() - places), part = digits.substr(digits.size() - places);
  part.erase(part.find_last_not_of('0') + 1);
  return part.empty() ? text : text + "." + part;
}

std::string gbit(uint64_t bits_per_s) { return decimal(bits_per_s, 9); }
std::string microseconds(int64_t ns) { return decimal(static_cast<uint64_t>(ns), 3); }
std::string rate_text(const Rate& rate) {
  return rate.out_bits_per_s == rate.in_bits_per_s ? gbit(rate.out_bits_per_s) : gbit(rate.out_bits_per_s) + "/" + gbit(rate.in_bits_per_s);
}
std::string latency_text(int64_t ns) { return ns == 0 ? "" : " lat " + microseconds(ns); }

std::string switch_line(const Switch& one) {
  const std::string core = one.core_bits_per_s == 0 ? "" : " core " + gbit(one.core_bits_per_s);
  return "switch " + one.name + " " + std::string(name(one.fabric)) + core + "\n";
}

std::string port_words(const Port& port, const HostRun& run, const std::vector<Switch>& switches) {
  std::string text = " on " + switches[port.at_switch].name + " " + rate_text(port.rate) + latency_text(port.latency_ns);
  const bool all = port.last_local == UINT16_MAX;
  if (all && !port.each) return text;
  const uint32_t last = all ? run.ranks_per_host - 1 : port.last_local;
  text += " for " + std::to_string(port.first_local);
  if (last != port.first_local) text += "-" + std::to_string(last);
  return port.each ? text + " each" : text;
}

std::string host_name_text(const HostRun& run) {
  if (run.hosts == 1) return run.first_name;
  const NumberedName first = split_name(run.first_name);
  return std::string(first.prefix) + "[" + run.first_name.substr(first.prefix.size()) + "-" +
         name_of_host(run, run.hosts - 1).substr(first.prefix.size()) + "]";
}

std::string host_line(const HostRun& run, const std::vector<Switch>& switches) {
  std::string text = "host " + host_name_text(run) + " ranks " + std::to_string(run.ranks_per_host);
  if (run.islands_per_host != 1) text += " islands " + std::to_string(run.islands_per_host);
  if (run.inner.out_bits_per_s != 0 || run.inner_latency_ns != 0)
    text += " inner " + rate_text(run.inner) + latency_text(run.inner_latency_ns);
  for (const Port& port : run.ports) text += port_words(port, run, switches);
  return text + "\n";
}

std::string island_line(const IslandFacts& facts) {
  const IslandFacts usual;
  std::string text;
  if (facts.hop_ns != usual.hop_ns) text += " hop " + std::to_string(facts.hop_ns);
  if (facts.copy_bytes_per_s != usual.copy_bytes_per_s) text += " copy " + gbit(facts.copy_bytes_per_s * 8);
  if (facts.non_temporal_bytes_per_s != usual.non_temporal_bytes_per_s) text += " nt " + gbit(facts.non_temporal_bytes_per_s * 8);
  if (facts.l2_kib != usual.l2_kib) text += " l2 " + std::to_string(facts.l2_kib);
  if (facts.l3_share_kib != usual.l3_share_kib) text += " l3 " + std::to_string(facts.l3_share_kib);
  if (facts.ranks_per_cpu_x256 != usual.ranks_per_cpu_x256) text += " per_cpu " + decimal(uint64_t{facts.ranks_per_cpu_x256} * 390625, 8);
  if (facts.publish_bytes_per_s != usual.publish_bytes_per_s) text += " publish " + gbit(facts.publish_bytes_per_s * 8);
  if (facts.take_bytes_per_s != usual.take_bytes_per_s) text += " take " + gbit(facts.take_bytes_per_s * 8);
  if (facts.cma_bytes_per_s != usual.cma_bytes_per_s) text += " cma " + gbit(facts.cma_bytes_per_s * 8);
  if (facts.cma_again_bytes_per_s != usual.cma_again_bytes_per_s) text += " cma_again " + gbit(facts.cma_again_bytes_per_s * 8);
  if (facts.cma_ns != usual.cma_ns) text += " cma_ns " + std::to_string(facts.cma_ns);
  return text.empty() ? "" : "island" + text + "\n";
}

}  // namespace

std::string Topology::text() const {
  std::string text = "topology 1\n";
  for (const Switch& one : switches_) text += switch_line(one);
  for (const SharedLink& link : links_)
    text += "link " + switches_[link.from].name + " " + switches_[link.to].name + " " + rate_text(link.rate) +
            latency_text(link.latency_ns) + "\n";
  for (const HostRun& run : runs_) text += host_line(run, switches_) + island_line(run.island);
  if (places_ == nullptr || !places_->shuffled()) return text;
  text += "order";
  for (const std::string& entry : order_entries(*places_, runs_)) text += " " + entry;
  return text + "\n";
}

uint64_t Topology::fingerprint() const { return hash(text()); }

}  // namespace hawser
