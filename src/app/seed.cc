#include "app/seed.h"

#include <fmt/format.h>

#include <array>
#include <random>

#include "base/build_info.h"
#include "fs/path.h"
#include "json/writer.h"
#include "syntax/json.h"

namespace invar::app {
namespace {

std::string make_uuid_v4() {
  std::random_device random;
  std::array<std::uint32_t, 4> word{};
  for (auto& w : word) w = random();
  word[1] = (word[1] & 0xFFFF0FFFU) | 0x00004000U;
  word[2] = (word[2] & 0x3FFFFFFFU) | 0x80000000U;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", word[0], word[1] >> 16, word[1] & 0xFFFF,
                     word[2] >> 16, word[2] & 0xFFFF, word[3]);
}

}  // namespace

std::string load_or_create_uid(fs::FileSystem& files, const std::string& storage_path, UnixNanos now_unix_ns,
                               const log::Logger& logger) {
  constexpr std::uint64_t kLimit = 64 << 10;
  const std::string path = fs::join_path(storage_path, "invar_seed.json");
  if (const auto text = files.read_file(path, kLimit)) {
    if (const auto seed = syntax::parse_json(*text); seed && seed->type() == syntax::Type::kObject) {
      const auto* uid = seed->as_object().find("UID");
      if (uid != nullptr && uid->type() == syntax::Type::kString && !uid->as_string().empty())
        return uid->as_string();
    }
    logger.warn("the seed file is damaged and is written anew", {{"path", path}});
  }

  const std::string uid = make_uuid_v4();
  std::string text;
  json::Writer(text)
      .begin_object()
      .field("UID", uid)
      .field("created_at", format_rfc3339(now_unix_ns))
      .field("version", build_info().version)
      .end_object();
  text += '\n';
  Result<> written = files.make_directories(storage_path);
  if (written) written = files.write_file_atomically(path, text, 0640, false);
  if (!written) {
    logger.error(
        "the storage directory cannot be written: this process uses an id of its own, and nothing survives a "
        "restart",
        {{"path", path}, {"err", written.error()}});
  }
  return uid;
}

}  // namespace invar::app
