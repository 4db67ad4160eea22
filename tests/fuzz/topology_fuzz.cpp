// Topology text: refused with a sentence, or a value whose own text is the same value and whose questions have answers.
#include "src/topology/topology.h"
#include "tests/fuzz/fuzz.h"

namespace hawser::fuzz {

std::vector<std::string> seeds() {
  std::vector<std::string> texts = {
      Topology::one_island(4, {}).text(),
      "topology 1\nswitch e ethernet core 800\nswitch i infiniband\nlink e i 100/50 lat 5\nhost a[0-3] ranks 8 inner 200 lat 1 "
      "on e 25 lat 10 on i 100 lat 2 for 0-3 each\nisland hop 80 copy 96 nt 64 l2 1024 l3 8192 per_cpu 2\n",
      "topology 1\nswitch s ethernet\nhost a ranks 2 on s 10/20 lat 25\nhost b ranks 3 on s 10 lat 25\norder b a\n"};
  for (const std::string& text : texts) {
    const Result<Topology> topology = Topology::parse(text);
    require(topology.ok(), topology.ok() ? "" : topology.error().text().c_str());
  }
  texts.push_back("# nothing but a remark\n");
  return texts;
}

void ask(const Topology& topology) {
  if (topology.ranks() < 1) return;
  const Rank last = topology.ranks() - 1;
  require(topology.host_of(last) == topology.hosts() - 1, "the last rank is on the last host");
  require(topology.island_of(last) < topology.islands(), "a rank's island exists");
  (void)topology.route(0, last);
  (void)topology.island_facts(topology.island_of(0));
  (void)topology.contraction();
}

}  // namespace hawser::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hawser;
  Result<Topology> topology = Topology::parse(fuzz::text_of(data, size));
  if (!topology.ok()) {
    fuzz::require(!topology.error().text().empty(), "a refusal has a sentence");
    return 0;
  }
  const Result<Topology> again = Topology::parse(topology.value().text());
  fuzz::require(again.ok() && again.value() == topology.value(), "the canonical text is the same value");
  fuzz::require(again.value().fingerprint() == topology.value().fingerprint(), "equal values have equal fingerprints");
  fuzz::ask(topology.value());
  return 0;
}
