#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "archive_tool/flame.h"
#include "archive_tool/text.h"
#include "base/html.h"
#include "base/strings.h"

namespace invar::archive_tool {
namespace {

constexpr double kWidth = 1200, kMargin = 10, kRow = 17, kHead = 44, kFoot = 26;
constexpr double kSmallest = 0.5;  // pixels
constexpr double kLetter = 6.6;    // width of a letter of 11 px monospace
constexpr double kTextAbove = 22;  // frames narrower carry no text

// XML 1.0 knows no control characters but tab and the line ends, and neither U+FFFE nor U+FFFF.
std::string xml(std::string_view text) {
  std::string known;
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    text.remove_prefix(static_cast<std::size_t>(rune.length));
    const bool unknown = rune.value < 0x20 || rune.value == 0xfffe || rune.value == 0xffff;
    append_rune(known, unknown ? 0xfffd : rune.value);
  }
  return escape_html(known);
}

// "example.com/x/y.(*T).F" -> "y.(*T).F"
std::string_view short_name(std::string_view name) {
  const std::size_t slash = name.substr(0, name.find_first_of("([<{ ")).rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// What functions of one package, class or namespace have in common: they get one hue.
std::string_view package_of(std::string_view name) {
  const std::string_view head = name.substr(0, name.find_first_of("([<{ "));
  if (const std::size_t slash = head.rfind('/'); slash != std::string_view::npos)
    return head.substr(0, head.find('.', slash));
  if (const std::size_t colons = head.rfind("::"); colons != std::string_view::npos)
    return head.substr(0, colons);
  return head.substr(0, head.find('.'));
}

double fraction_of(std::string_view text) {  // 0 ... 1, the same for the same text
  std::uint32_t hash = 2166136261;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619;
  hash = (hash ^ hash >> 15) * 0x2c1b3c6d;
  return (hash >> 8) / 16777216.0;
}

class Picture {
 public:
  Picture(const pprof::FlameTree& tree, const flame::Caption& caption, std::uint32_t type)
      : tree_(tree), caption_(caption), type_(type), diff_(tree.sides == 2) {}

  std::string draw() {
    place();
    const double height = kHead + kRow * static_cast<double>(deepest_ + 1) + kFoot;
    std::string out = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">
<title>{2}</title>
<style>.page{{fill:#fff}}.head{{fill:#1d1b18}}.soft{{fill:#6b655c}}g:hover>rect{{stroke:#1d1b18}}@media (prefers-color-scheme:dark){{.page{{fill:#16171a}}.head{{fill:#e8e6e3}}.soft{{fill:#a09a91}}}}</style>
<rect class="page" width="100%" height="100%"/>
<text class="head" x="{3}" y="20" font-size="15" font-family="system-ui, sans-serif">{2}</text>
<text class="soft" x="{3}" y="36">{4}</text>
)",
        kWidth, height, xml(caption_.title), kMargin, xml(subtitle()));
    for (const Box& box : boxes_) put(out, box);
    if (left_out_ > 0)
      out += fmt::format("<text class=\"soft\" x=\"{}\" y=\"{}\">too narrow to draw: {} frames</text>\n",
                         kMargin, height - 9, left_out_);
    out += "</svg>\n";
    return out;
  }

 private:
  struct Box {
    std::uint32_t node, depth;
    double x, width;
  };

  [[nodiscard]] double value(std::uint32_t node, std::uint32_t side) const {
    return static_cast<double>(std::max<std::int64_t>(0, tree_.total(node, type_, side)));
  }
  [[nodiscard]] double width_value(std::uint32_t node) const {
    return diff_ ? value(node, 0) + value(node, 1) : value(node, 0);
  }
  [[nodiscard]] double share(std::uint32_t node, std::uint32_t side) const {
    const double whole = value(0, side);
    return whole > 0 ? value(node, side) / whole : 0;
  }

  // Breadth first: parents before children, so that one pass finds every place. The root lies at the bottom.
  void place() {
    boxes_.push_back({0, 0, kMargin, kWidth - 2 * kMargin});
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const Box box = boxes_[i];
      const pprof::FlameNode& node = tree_.nodes[box.node];
      const double whole = width_value(box.node);
      double x = box.x;
      for (std::uint32_t child = node.first_child; child < node.first_child + node.children; ++child) {
        const double width = whole > 0 ? box.width * width_value(child) / whole : 0;
        if (width >= kSmallest) {
          boxes_.push_back({child, box.depth + 1, x, width});
          deepest_ = std::max(deepest_, box.depth + 1);
        }
        x += width;
      }
    }
    for (std::uint32_t node = 0; node < tree_.nodes.size(); ++node)
      left_out_ += width_value(node) > 0 ? 1 : 0;
    left_out_ -= std::min(left_out_, boxes_.size());
  }

  [[nodiscard]] std::string subtitle() const {
    std::string out = tree_.types[type_].type;
    if (diff_) {
      out += fmt::format(": {} {}, {} {}; red: a larger share, blue: a smaller one", caption_.sides[0],
                         show_value(tree_.total(0, type_, 0), unit()), caption_.sides[1],
                         show_value(tree_.total(0, type_, 1), unit()));
    } else {
      out += ": " + show_value(tree_.total(0, type_, 0), unit());
    }
    return out;
  }

  [[nodiscard]] const std::string& unit() const { return tree_.types[type_].unit; }

  [[nodiscard]] std::string color(std::uint32_t node) const {
    if (diff_) {
      const double before = share(node, 0), after = share(node, 1);
      const double change = before == after ? 0
                            : before == 0   ? 1
                                            : std::clamp((after - before) / before, -1.0, 1.0);
      const double size = std::abs(change);
      if (size < 0.005) return "hsl(0,0%,85%)";
      return fmt::format("hsl({},{:.0f}%,{:.0f}%)", change > 0 ? 5 : 214, 35 + 55 * size, 86 - 20 * size);
    }
    if (node == 0) return "hsl(40,25%,84%)";
    const std::string& name = tree_.frames[tree_.nodes[node].frame].name;
    return fmt::format("hsl({:.0f},92%,{:.0f}%)", 5 + 47 * fraction_of(package_of(name)),
                       62 + 11 * fraction_of(name));
  }

  [[nodiscard]] std::string tooltip(std::uint32_t node) const {
    const pprof::FlameFrame& frame = tree_.frames[tree_.nodes[node].frame];
    std::string out = frame.name;
    if (!frame.file.empty())
      out += "\n" + frame.file + (frame.line > 0 ? ":" + std::to_string(frame.line) : std::string());
    for (std::uint32_t side = 0; side < tree_.sides; ++side) {
      out += fmt::format("\n{}{} ({:.2f} %), self {}", diff_ ? caption_.sides[side] + ": " : std::string(),
                         show_value(tree_.total(node, type_, side), unit()), 100 * share(node, side),
                         show_value(tree_.self(node, type_, side), unit()));
    }
    return out;
  }

  void put(std::string& out, const Box& box) const {
    const double y = kHead + kRow * static_cast<double>(deepest_ - box.depth);
    out += fmt::format(R"(<g><title>)");
    // A line break may stand in a title; xml() would take it for a control character.
    bool first = true;
    const std::string tip = tooltip(box.node);
    for (const std::string_view line : split(tip, '\n')) {
      if (!std::exchange(first, false)) out += '\n';
      out += xml(line);
    }
    out += fmt::format(R"(</title><rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" rx="1" fill="{}"/>)",
                       box.x, y, std::max(box.width - 0.5, kSmallest), kRow - 1, color(box.node));
    if (box.width >= kTextAbove) {
      const std::string_view name = short_name(tree_.frames[tree_.nodes[box.node].frame].name);
      if (const std::string label = fit(name, box.width - 6); !label.empty())
        out += fmt::format(R"(<text x="{:.1f}" y="{}">{}</text>)", box.x + 3, y + 12, xml(label));
    }
    out += "</g>\n";
  }

  static std::string fit(std::string_view text, double width) {
    const auto room = static_cast<std::size_t>(width / kLetter);
    std::string out;
    std::size_t letters = 0;
    for (std::string_view rest = text; !rest.empty(); ++letters) {
      const Rune rune = decode_rune(rest);
      if (letters + 1 >= room && rest.size() > static_cast<std::size_t>(rune.length))
        return letters < 2 ? std::string() : out + "…";
      append_rune(out, rune.value);
      rest.remove_prefix(static_cast<std::size_t>(rune.length));
    }
    return letters <= room ? out : std::string();
  }

  const pprof::FlameTree& tree_;
  const flame::Caption& caption_;
  const std::uint32_t type_;
  const bool diff_;
  std::vector<Box> boxes_;
  std::uint32_t deepest_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace

std::string flame_svg(const pprof::FlameTree& tree, const flame::Caption& caption, std::uint32_t type) {
  return Picture(tree, caption, type).draw();
}

}  // namespace invar::archive_tool
