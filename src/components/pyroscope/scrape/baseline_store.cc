#include "components/pyroscope/scrape/baseline_store.h"

#include <fmt/format.h>

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::string_view kMagic = "INVARBL1";

template <class T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }

  template <class T>
  bool get(T& value) {
    if (rest_.size() < sizeof(T)) return false;
    value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value |= static_cast<T>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(sizeof(T));
    return true;
  }

  bool get(std::string_view& bytes, std::size_t size) {
    if (rest_.size() < size) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view rest_;
};

std::string path_in(const std::string& directory) {
  return directory + "/baselines";
}

}  // namespace

Result<> save_baselines_blocking(fs::FileSystem& files, const std::string& directory,
                                 const std::vector<Baseline>& baselines) {
  std::string out(kMagic);
  for (const auto& baseline : baselines) {
    const std::string state = pprof::save_state(*baseline.state);
    if (out.size() + state.size() + baseline.name.size() + 16 > kMaxBaselineBytes) continue;
    put(out, baseline.identity);
    put(out, static_cast<std::uint32_t>(baseline.name.size()));
    out += baseline.name;
    put(out, static_cast<std::uint32_t>(state.size()));
    out += state;
  }
  INVAR_TRY(files.make_directories(directory));
  return files.write_file_atomically(path_in(directory), out, 0640, /*sync=*/false);
}

LoadedBaselines load_baselines_blocking(fs::FileSystem& files, const std::string& directory) {
  LoadedBaselines loaded;
  const auto bytes = files.read_file(path_in(directory), kMaxBaselineBytes);
  if (!bytes) {
    if (bytes.error().code != ErrorCode::kNotFound) loaded.problem = bytes.error().message;
    return loaded;
  }
  if (!bytes->starts_with(kMagic)) {
    loaded.problem = "it is not a baseline file of this version";
    return loaded;
  }
  Reader reader(std::string_view(*bytes).substr(kMagic.size()));
  std::size_t damaged = 0;
  while (!reader.empty()) {
    Baseline baseline;
    std::uint32_t name_size = 0;
    std::uint32_t state_size = 0;
    std::string_view name;
    std::string_view state;
    if (!reader.get(baseline.identity) || !reader.get(name_size) || !reader.get(name, name_size) ||
        !reader.get(state_size) || !reader.get(state, state_size)) {
      loaded.problem = "it ends in the middle of a record";
      break;
    }
    auto read = pprof::load_state(state);
    if (!read) {
      ++damaged;
      continue;
    }
    baseline.name = name;
    baseline.state = std::move(*read);
    loaded.baselines.push_back(std::move(baseline));
  }
  if (damaged > 0) loaded.problem = fmt::format("{} of its records are damaged", damaged);
  return loaded;
}

}  // namespace invar::components::pyroscope_scrape
