// Selection: which profiles a command is about, and Source: the files behind it, looked at one by one.
//
// A path is a file (an archive's or any pprof profile) or a folder; of a folder the files directly in it that
// are named as an archive names them, then those named *.pb.gz, *.pb, *.pprof and *.prof, both by name.
// Memory: 24 bytes per file of an archive; nothing of their content.
// Errors: those of look() and body() name the file.   Threads: look() and body() from any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_file.h"
#include "archive_tool/environment.h"
#include "codec/gzip.h"
#include "labels/selector.h"
#include "pprof/profile.h"

namespace invar::archive_tool {

// Of a profile, unpacked.
inline constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{1} << 30;

struct Selection {  // as the user wrote it
  std::vector<std::string> paths;
  std::string selector, since, until, sample_type;
  // For commands that show profiles: a file counts by the names and types of those it holds (contained.h), too. Not for those that remove
  // or send whole files.
  bool by_contained_names = false;
};

struct Item {
  std::string path;
  bool archived =
      false;  // false: a plain profile from elsewhere; `meta` has no labels, and no time before complete()
  archive::Meta meta;
  std::uint64_t file_bytes = 0;
};

class Source {
 public:
  static Result<Source> open(const Environment& environment, const Selection& selection);

  [[nodiscard]] std::size_t size() const { return files_; }
  [[nodiscard]] std::string path(std::size_t file) const;
  // How many files stand before and at `path`, which need not exist any more; 0 when it is in no folder of these.
  [[nodiscard]] std::size_t position_after(std::string_view path) const;
  // Reads the metadata; nullopt: the file is not selected, or gone by now. A plain profile is looked into only when
  // the selection asks for its time or types. `contents` receives the bytes of a selected file.
  Result<std::optional<Item>> look(std::size_t file, std::string* contents = nullptr) const;
  [[nodiscard]] Result<> complete(Item& item) const;                // looks into a plain profile for its time
  [[nodiscard]] Result<std::string> bytes(const Item& item) const;  // the file
  [[nodiscard]] Result<std::string> body(const Item& item) const;   // the original bytes of the profile

  // Of an item that holds several profiles (contained.h): whether the one of this name is selected. The selector's `__name__`
  // means the item's own name or, by_contained_names, the profile's.
  [[nodiscard]] bool selects(const Item& item, std::string_view profile_name) const;

  // Calls `each` for every selected file, in order, and says what is wrong with the others. False: something was.
  // `each` returns an error to stop, or false to have enough.
  Result<bool> for_each(const std::function<Result<bool>(Item)>& each) const;

 private:
  struct Folder {
    std::string path;
    std::vector<archive::NameKey> archived;
    std::vector<std::string> others;
    [[nodiscard]] std::size_t size() const { return archived.size() + others.size(); }
  };
  Source(const Environment& environment, Selector selector)
      : environment_(&environment), selector_(std::move(selector)) {}
  Result<> add(const std::string& path);
  [[nodiscard]] std::pair<const Folder*, std::size_t> find(std::size_t file) const;
  [[nodiscard]] Result<std::optional<Item>> look_at_archived(Item item, fs::File& file) const;
  [[nodiscard]] Result<std::optional<Item>> look_at_profile(Item item, fs::File& file) const;
  [[nodiscard]] Result<pprof::Summary> summary(const Item& item) const;
  [[nodiscard]] Result<bool> holds_sample_type(const Item& item) const;
  [[nodiscard]] bool has_sample_type(const pprof::Summary& summary) const;
  [[nodiscard]] bool in_time(UnixNanos taken) const;
  [[nodiscard]] bool selects_any(const Item& item) const;

  const Environment* environment_;
  Selector selector_;
  std::string sample_type_;
  bool by_contained_names_ = false;
  std::optional<UnixNanos> since_, until_;
  std::vector<Folder> folders_;  // a file given by itself is a folder of one
  std::size_t files_ = 0;
};

// Calls work(i) for i from 0 below count on the threads of `environment`, worker number first.
void in_parallel(const Environment& environment, std::size_t count,
                 const std::function<void(unsigned worker, std::size_t i)>& work);

// The summary of a profile's body, gzip or plain.
Result<pprof::Summary> summarize(std::string_view body);

}  // namespace invar::archive_tool
