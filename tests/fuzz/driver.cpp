// Runs a fuzz target without libFuzzer: its seeds, then a bounded number of spoiled ones, the same on every machine for the same seed.
//
//   fuzz_NAME [COUNT [SEED]]     spoils COUNT times            fuzz_NAME FILE     one input, for a finding of libFuzzer
#include <unistd.h>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

#include "src/base/hash.h"
#include "tests/fuzz/fuzz.h"

namespace {

// For the signal handler: which input was running.
volatile unsigned long current_input = 0;
volatile unsigned long current_seed = 0;
struct sigaction before_us[32];  // what a sanitizer had set

size_t write_number(char* into, unsigned long number) {
  char digits[24];
  size_t count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while (number /= 10);
  for (size_t i = 0; i < count; ++i) into[i] = digits[count - 1 - i];
  return count;
}

// Only what is allowed in a handler: build the sentence in place and write it.
void say_where(int signal) {
  char line[128];
  size_t length = 0;
  const auto add = [&](const char* text) {
    std::memcpy(line + length, text, std::strlen(text));
    length += std::strlen(text);
  };
  add("fuzz: ended at input ");
  length += write_number(line + length, current_input);
  add(" of seed ");
  length += write_number(line + length, current_seed);
  add("\n");
  (void)!write(STDERR_FILENO, line, length);
  sigaction(signal, &before_us[signal], nullptr);
  if (signal == SIGABRT) std::raise(signal);
  // The others happen again on return, and then a sanitizer says its own.
}

void watch(int signal) {
  struct sigaction action {};
  action.sa_handler = say_where;
  sigaction(signal, &action, &before_us[signal]);
}

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t limit) { return limit ? hawser::mix(state_ += 0x9e3779b97f4a7c15u) % limit : 0; }

 private:
  uint64_t state_;
};

// Values that parsers get wrong: ends of ranges, signs, terminators, what separates words.
char interesting(Dice& dice) {
  constexpr char kBytes[] = {0, 1, '\x7f', '\x80', '\xff', '\n', ' ', '"', '=', '-', '9', '0', ':', '[', '/', '.'};
  return dice.below(2) ? kBytes[dice.below(sizeof kBytes)] : static_cast<char>(dice.below(256));
}

// Half of the time near the end: what stands there was reached only because all before it was right.
size_t place(const std::string& input, Dice& dice) {
  constexpr size_t kNear = 200;
  if (dice.below(2) || input.size() <= kNear) return dice.below(input.size() + 1);
  return input.size() - dice.below(kNear);
}

void spoil_once(std::string& input, const std::vector<std::string>& seeds, Dice& dice) {
  const size_t at = place(input, dice);
  const size_t span = dice.below(dice.below(4) ? 8 : input.size() - at + 1);
  switch (dice.below(7)) {
    case 0:
      input.resize(at);
      break;  // cut
    case 1:
      input.erase(at, span);
      break;  // lose
    case 2:
      input.insert(at, span + 1, interesting(dice));
      break;  // stuff
    case 3:
      input.insert(at, input.substr(at, span));
      break;  // repeat
    case 4:
      input += seeds[dice.below(seeds.size())].substr(0, at);
      break;  // join
    case 5:   // a large number
      input.insert(at, std::to_string(dice.below(3) ? UINT64_MAX >> dice.below(64) : dice.below(70000)));
      break;
    default:
      if (at < input.size()) input[at] = dice.below(2) ? interesting(dice) : static_cast<char>(input[at] ^ (1 << dice.below(8)));
  }
}

std::string spoil(std::string input, const std::vector<std::string>& seeds, Dice& dice) {
  for (uint64_t times = 1 + dice.below(4); times > 0; --times) spoil_once(input, seeds, dice);
  input.resize(std::min<size_t>(input.size(), 1 << 16));
  return input;
}

// From an exact copy on the heap, so that a sanitizer sees one byte too far.
void run(const std::string& input) {
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

int run_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "fuzz: cannot read %s\n", path);
    return 1;
  }
  run(std::string(std::istreambuf_iterator<char>(file), {}));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  char* end = nullptr;
  const unsigned long inputs = count > 1 ? std::strtoul(arguments[1], &end, 10) : 20000;
  if (end && *end) return run_file(arguments[1]);
  current_seed = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 1;
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL}) watch(signal);
  const std::vector<std::string> seeds = hawser::fuzz::seeds();
  for (const std::string& seed : seeds) run(seed);
  for (unsigned long i = 0; i < inputs; ++i) {
    current_input = i;
    Dice dice(hawser::mix(current_seed) + i);  // of this input alone: to repeat one, start there
    run(spoil(seeds[dice.below(seeds.size())], seeds, dice));
  }
  std::printf("%lu inputs of seed %lu from %zu seeds\n", inputs, static_cast<unsigned long>(current_seed), seeds.size());
}
