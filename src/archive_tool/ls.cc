#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "archive_tool/commands.h"
#include "archive_tool/text.h"
#include "base/strings.h"
#include "base/unicode.h"
#include "json/writer.h"

namespace invar::archive_tool {
namespace {

constexpr std::size_t kMeasured = 1000;  // rows that decide about the widths of the columns

struct Row {
  UnixNanos taken = 0;
  std::uint64_t bytes = 0;
  std::string path;
  Labels labels;
  archive::Kind kind = archive::Kind::kPprof;
  std::string origin;
};

using Compare = bool (*)(const Row&, const Row&);
constexpr std::array<std::pair<std::string_view, Compare>, 5> kOrders = {
    {{"time", [](const Row& a, const Row& b) { return a.taken < b.taken; }},
     {"size", [](const Row& a, const Row& b) { return a.bytes > b.bytes; }},
     {"type",
      [](const Row& a, const Row& b) { return a.labels.get(kMetricName) < b.labels.get(kMetricName); }},
     {"service",
      [](const Row& a, const Row& b) { return a.labels.get(kServiceName) < b.labels.get(kServiceName); }},
     {"name", [](const Row& a, const Row& b) { return base_name(a.path) < base_name(b.path); }}}};

// Columns on a terminal: a code point is one, what cannot be shown is escaped already.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}
std::string cut(std::string_view text, std::size_t columns) {
  if (width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    if ((text[bytes] & 0xc0) != 0x80 && ++seen == columns) break;
  }
  return std::string(text.substr(0, bytes)) + "…";
}
std::string padded(std::string_view text, std::size_t columns) {
  std::string out = cut(text, columns);
  out.append(columns - width(out), ' ');
  return out;
}

// Control characters would act on the terminal.
std::string printable(std::string_view text) {
  const std::string quoted = quote(text);
  const std::string_view inside = std::string_view(quoted).substr(1, quoted.size() - 2);
  return inside == text ? std::string(text) : quoted;
}

class Printer {
 public:
  explicit Printer(const Environment& environment, bool json) : environment_(environment), json_(json) {}

  void add(Row row) {
    ++rows_;
    bytes_ += row.bytes;
    if (json_) return print_json(row);
    if (measured_) return print(row);
    waiting_.push_back(std::move(row));
    if (waiting_.size() == kMeasured) measure();
  }
  void finish() {
    if (json_) return flush();
    if (!measured_) measure();
    flush();
    environment_.warn(fmt::format("{} profiles, {}", rows_, human_bytes(bytes_)));
  }

 private:
  static std::string rest_of_labels(const Row& row) {
    LabelsBuilder rest(row.labels);
    return rest.erase(kMetricName).erase(kServiceName).build().to_string();
  }

  void measure() {
    measured_ = true;
    type_ = 4, service_ = 7;
    std::size_t labels = 6;
    for (const Row& row : waiting_) {
      type_ = std::max(type_, width(printable(row.labels.get(kMetricName))));
      service_ = std::max(service_, width(printable(row.labels.get(kServiceName))));
      name_ = std::max(name_, width(printable(base_name(row.path))));
      labels = std::max(labels, width(rest_of_labels(row)));
    }
    if (const std::size_t columns = environment_.columns; columns > 0) {
      // The time, the size and the name are whole; the others share what is left, the labels at the end.
      const std::size_t fixed = kTime + kSize + name_ + 4 * kGap;
      const std::size_t left = columns > fixed ? columns - fixed : 0;
      type_ = std::min(type_, std::max<std::size_t>(4, left / 3));
      service_ = std::min(service_, std::max<std::size_t>(4, left > type_ ? (left - type_) * 2 / 3 : 0));
      const std::size_t taken = type_ + service_ + kGap;
      labels_ = left > taken + 5 ? left - taken : 0;
    } else {
      labels_ = SIZE_MAX;
    }
    line("TAKEN (UTC)", "SIZE", "TYPE", "SERVICE", "FILE", "LABELS");
    for (const Row& row : waiting_) print(row);
    waiting_.clear();
  }

  void print(const Row& row) {
    line(row.taken == 0 ? "-" : show_time(row.taken), human_bytes(row.bytes),
         printable(row.labels.get(kMetricName)), printable(row.labels.get(kServiceName)),
         printable(base_name(row.path)), labels_ > 0 ? rest_of_labels(row) : "");
  }

  void line(std::string_view time, std::string_view size, std::string_view type, std::string_view service,
            std::string_view name, std::string_view labels) {
    // Without a terminal nothing is cut: a value wider than those measured moves its line.
    const bool cuts = environment_.columns > 0;
    const auto fit = [&](std::string_view text, std::size_t columns) {
      return padded(text, cuts ? columns : std::max(columns, width(text)));
    };
    std::string text =
        fmt::format("{}  {:>{}}  {}  {}  {}", padded(time, kTime), size, kSize, fit(type, type_),
                    fit(service, service_), padded(name, std::max(name_, width(name))));
    if (labels_ > 0) text += "  " + (cuts ? cut(labels, labels_) : std::string(labels));
    text.erase(text.find_last_not_of(' ') + 1);
    out_ += text;
    out_ += '\n';
    if (out_.size() > kFlush) flush();
  }

  void print_json(const Row& row) {
    json::Writer out(out_);
    out.begin_object().field("file", row.path);
    if (row.taken != 0) out.field("taken", format_rfc3339(row.taken));
    out.field("bytes", row.bytes).field("kind", row.kind == archive::Kind::kIngest ? "ingest" : "pprof");
    out.key("labels").begin_object();
    for (const Label& label : row.labels) out.field(label.name, label.value);
    out.end_object();
    if (!row.origin.empty()) out.field("origin", row.origin);
    out.end_object();
    out_ += '\n';
    if (out_.size() > kFlush) flush();
  }

  void flush() {
    environment_.print(out_);
    out_.clear();
  }

  static constexpr std::size_t kTime = 19, kSize = 10, kGap = 2, kFlush = 1 << 16;
  const Environment& environment_;
  const bool json_;
  bool measured_ = false;
  std::vector<Row> waiting_;
  std::size_t type_ = 0, service_ = 0, name_ = 4, labels_ = 0;
  std::uint64_t rows_ = 0, bytes_ = 0;
  std::string out_;
};

}  // namespace

Result<int> ls(const Environment& environment, const LsOptions& options) {
  const auto order = std::ranges::find(kOrders, options.sort, &decltype(kOrders)::value_type::first);
  if (order == kOrders.end()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("invalid argument {} for \"--sort\" flag: choose time, size, type, service or name",
                    quote(options.sort)));
  }
  const auto before = [&](const Row& a, const Row& b) {
    return options.reverse ? order->second(b, a) : order->second(a, b);
  };
  // Files come by their names, which is nearly by time; only other orders need all rows at once.
  const bool streams = options.sort == "time" && !options.reverse;
  const std::size_t limit = options.limit == 0 ? SIZE_MAX : options.limit;

  INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment, options.selection));
  Printer printer(environment, options.json);
  std::vector<Row> rows;
  std::size_t printed = 0;
  bool listed_all = true;
  const auto keep_best = [&] {
    std::ranges::stable_sort(rows, before);
    if (rows.size() > limit) rows.resize(limit);
  };
  INVAR_ASSIGN_OR_RETURN(const bool all_good, source.for_each([&](Item item) -> Result<bool> {
    if (auto completed = source.complete(item); !completed) {
      environment.warn(completed.error().message);
      listed_all = false;
      return true;
    }
    Row row{item.meta.taken_unix_ns, item.file_bytes, std::move(item.path),
            item.meta.labels,        item.meta.kind,  std::move(item.meta.origin)};
    if (streams) {
      printer.add(std::move(row));
      return ++printed < limit;
    }
    rows.push_back(std::move(row));
    if (limit != SIZE_MAX && rows.size() >= 2 * limit + 1000) keep_best();
    return true;
  }));
  keep_best();
  for (Row& row : rows) printer.add(std::move(row));
  printer.finish();
  return all_good && listed_all ? 0 : 1;
}

}  // namespace invar::archive_tool
