#include <fmt/format.h>

#include <unordered_map>

#include "archive_tool/flame.h"
#include "archive_tool/flame_page.h"
#include "base/json_string.h"

namespace invar::archive_tool {
namespace {

using pprof::FlameTree;

class PageData {
 public:
  PageData(const FlameTree& tree, const FlameCaption& caption) : tree_(tree), caption_(caption) {}

  void write(std::string& out) {
    out_ = &out;
    frames();  // fills strings_
    out += "{\"title\":" + text(caption_.title) + ",\"facts\":[";
    list(caption_.facts,
         [&](const auto& fact) { out += "[" + text(fact.first) + "," + text(fact.second) + "]"; });
    out += "],\"sides\":[";
    if (tree_.sides == 2) {
      list(caption_.sides, [&](const std::string& side) { out += text(side); });
    } else {
      out += "\"\"";
    }
    out += "],\"types\":[";
    list(tree_.types,
         [&](const pprof::SampleType& type) { out += "[" + text(type.type) + "," + text(type.unit) + "]"; });
    out += fmt::format("],\"type\":{},\"strings\":[", tree_.default_type);
    list(strings_, [&](std::string_view string) { out += text(string); });
    out += "],\"frames\":[" + frames_ + "],\"nodes\":[";
    nodes();
    out += "],\"self\":[";
    for (std::uint32_t column = 0; column < tree_.width(); ++column) {
      out += column == 0 ? "[" : ",[";
      self(column);
      out += ']';
    }
    out += "]}";
  }

 private:
  // Inside a script element: no "<" may stand as it is.
  static std::string text(std::string_view raw) {
    std::string out;
    append_json_string(out, raw, JsonEscapes::kHtml);
    return out;
  }

  template <class List, class Write>
  void list(const List& items, Write write) {
    bool first = true;
    for (const auto& item : items) {
      if (!std::exchange(first, false)) *out_ += ',';
      write(item);
    }
  }

  std::size_t place(std::string_view string) {
    const auto [at, added] = places_.try_emplace(string, strings_.size());
    if (added) strings_.push_back(string);
    return at->second;
  }

  void frames() {
    for (const pprof::FlameFrame& frame : tree_.frames) {
      const std::size_t name = place(frame.name), file = place(frame.file);
      fmt::format_to(std::back_inserter(frames_), "{}{},{},{}", frames_.empty() ? "" : ",", name, file,
                     frame.line);
    }
  }

  void nodes() {
    for (std::uint32_t i = 0; i < tree_.nodes.size(); ++i)
      fmt::format_to(std::back_inserter(*out_), "{}{},{}", i == 0 ? "" : ",", tree_.nodes[i].frame,
                     i - tree_.nodes[i].parent);
  }

  void self(std::uint32_t column) {
    std::uint32_t zeros = 0;
    bool first = true;
    const auto put = [&](std::int64_t number) {
      fmt::format_to(std::back_inserter(*out_), "{}{}", std::exchange(first, false) ? "" : ",", number);
    };
    for (std::size_t node = 0; node < tree_.nodes.size(); ++node) {
      const std::int64_t value = tree_.self_values[node * tree_.width() + column];
      if (value <= 0) {
        ++zeros;
        continue;
      }
      if (zeros > 0) put(-std::int64_t{std::exchange(zeros, 0)});
      put(value);
    }
  }

  const FlameTree& tree_;
  const FlameCaption& caption_;
  std::string* out_ = nullptr;
  std::string frames_;
  std::vector<std::string_view> strings_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

}  // namespace

std::string flame_page(const pprof::FlameTree& tree, const FlameCaption& caption) {
  std::string out(kFlamePageBefore);
  PageData(tree, caption).write(out);
  out += kFlamePageAfter;
  return out;
}

}  // namespace invar::archive_tool
