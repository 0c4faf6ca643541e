#include "components/pyroscope/scrape/baseline_store.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::string_view kMagic = "INVARBL2";
constexpr std::size_t kChecksumBytes = 8;

struct Header {
  std::uint64_t identity;
  std::int64_t good_until_unix_ns;
  std::uint32_t name_bytes;
  std::uint32_t state_bytes;
};
static_assert(sizeof(Header) == 24, "written as it lies in memory, without holes");

std::string record_of(const Baseline& baseline) {
  const std::string state = pprof::save_state(*baseline.state);
  const Header header{.identity = baseline.identity,
                      .good_until_unix_ns = baseline.good_until_unix_ns,
                      .name_bytes = static_cast<std::uint32_t>(baseline.name.size()),
                      .state_bytes = static_cast<std::uint32_t>(state.size())};
  std::string record(reinterpret_cast<const char*>(&header), sizeof(header));
  record += baseline.name;
  record += state;
  const std::uint64_t checksum = XXH3_64bits(record.data(), record.size());
  record.append(reinterpret_cast<const char*>(&checksum), kChecksumBytes);
  return record;
}

// The baseline of a record without its checksum; nothing when a byte of it is wrong.
Result<Baseline> read_record(const Header& header, std::string_view record) {
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, record.data() + record.size() - kChecksumBytes, kChecksumBytes);
  record.remove_suffix(kChecksumBytes);
  if (XXH3_64bits(record.data(), record.size()) != checksum)
    return fail(ErrorCode::kDataLoss, "wrong checksum");
  Baseline baseline;
  baseline.identity = header.identity;
  baseline.good_until_unix_ns = header.good_until_unix_ns;
  baseline.name = record.substr(sizeof(Header), header.name_bytes);
  INVAR_ASSIGN_OR_RETURN(baseline.state,
                         pprof::load_state(record.substr(sizeof(Header) + header.name_bytes)));
  return baseline;
}

Result<> read_records(fs::File& file, UnixNanos now_unix_ns, LoadedBaselines& loaded) {
  INVAR_ASSIGN_OR_RETURN(const std::uint64_t size, file.size());
  INVAR_ASSIGN_OR_RETURN(const std::string magic, file.read_at(0, kMagic.size()));
  if (magic != kMagic) return fail(ErrorCode::kDataLoss, "it is not a baseline file of this version");
  std::size_t damaged = 0;
  for (std::uint64_t at = kMagic.size(); at < size;) {
    INVAR_ASSIGN_OR_RETURN(const std::string head, file.read_at(at, sizeof(Header)));
    Header header{};
    if (head.size() == sizeof(header)) std::memcpy(&header, head.data(), sizeof(header));
    const std::uint64_t bytes =
        sizeof(header) + std::uint64_t{header.name_bytes} + header.state_bytes + kChecksumBytes;
    if (head.size() != sizeof(header) || bytes > size - at || bytes > kMaxBaselineBytes)
      return fail(ErrorCode::kDataLoss, "it ends in the middle of a record");
    INVAR_ASSIGN_OR_RETURN(const std::string record, file.read_at(at, bytes));
    if (record.size() != bytes) return fail(ErrorCode::kDataLoss, "it ends in the middle of a record");
    at += bytes;
    auto baseline = read_record(header, record);
    if (!baseline) {
      ++damaged;
    } else if (baseline->good_until_unix_ns >= now_unix_ns) {
      loaded.baselines.push_back(std::move(*baseline));
    }
  }
  if (damaged > 0) return fail(ErrorCode::kDataLoss, fmt::format("{} of its records are damaged", damaged));
  return {};
}

}  // namespace

Result<> save_baselines_blocking(fs::FileSystem& files, const std::string& directory,
                                 const std::vector<Baseline>& baselines) {
  const std::string path = directory + "/baselines", fresh = path + ".tmp";
  INVAR_TRY(files.make_directories(directory));
  (void)files.remove(fresh);  // of a process that was killed while it wrote
  INVAR_ASSIGN_OR_RETURN(const auto file, files.open(fresh, fs::OpenMode::kCreateNew));
  INVAR_TRY(file->append(kMagic));
  std::uint64_t written = kMagic.size();
  for (const auto& baseline : baselines) {
    const std::string record = record_of(baseline);
    if (written + record.size() > kMaxBaselineBytes) continue;
    INVAR_TRY(file->append(record));
    written += record.size();
  }
  INVAR_TRY(file->close());
  return files.rename(fresh, path);
}

LoadedBaselines load_baselines_blocking(fs::FileSystem& files, const std::string& directory,
                                        UnixNanos now_unix_ns) {
  const std::string path = directory + "/baselines";
  LoadedBaselines loaded;
  auto file = files.open(path, fs::OpenMode::kRead);
  if (!file) {
    if (file.error().code != ErrorCode::kNotFound) loaded.problem = file.error().message;
    return loaded;
  }
  if (auto read = read_records(**file, now_unix_ns, loaded); !read) loaded.problem = read.error().message;
  file->reset();
  if (auto removed = files.remove(path); !removed) {
    loaded.baselines.clear();
    loaded.problem = removed.error().message;
  }
  return loaded;
}

}  // namespace invar::components::pyroscope_scrape
