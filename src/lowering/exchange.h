// Every collective inside an island is one or two exchanges; this table says which. Schemes run exchanges and know no collective.
#pragma once
#include <cstdint>

#include "src/base/types.h"

namespace hawser {

enum class Who : uint8_t { all, root };
enum class Length : uint8_t { first, of_source, of_reader };  // whose block an item is as long as

// Members publish an item for each reader; a reader takes one item of every publisher. What a member has for itself it keeps.
struct Exchange {
  Who publishes = Who::all, reads = Who::all;
  bool parts = false;      // a reader takes block `reader` of a publisher's data; else all of it, the same for every reader
  bool fold = false;       // a reader reduces what it took into one block; else it places it
  bool by_source = false;  // placed at block `publisher` of the output; else at its only block
  Length length = Length::first;
};

struct Recipe {
  Exchange exchanges[2];
  uint32_t count = 0;  // 0: no such collective inside an island
};

// two_shot: a reduction whose parts are reduced by one member each, then collected. Collectives that do not reduce are one exchange anyway.
const Recipe& recipe(Collective, bool two_shot);

}  // namespace hawser
