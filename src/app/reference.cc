// Reference pages and `invar components`: both are drawn from the schemas, so they cannot disagree with the
// program.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "base/strings.h"
#include "fs/filesystem.h"

namespace invar::app {
namespace {

using syntax::Field;
using syntax::Schema;

// A block with the names around it: "endpoint > oauth2 > tls_config".
struct NestedBlock {
  std::string path;
  const Field* field;
};

void collect_blocks(const Schema& schema, const std::string& prefix, std::vector<NestedBlock>& out) {
  for (const Field& field : schema.fields()) {
    if (field.kind != Field::Kind::kBlock) continue;
    const std::string path = prefix.empty() ? field.name : prefix + " > " + field.name;
    out.push_back({path, &field});
    collect_blocks(*field.block, path, out);
  }
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(const std::string& text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

std::string doc_of(const Field& field) {
  return cell(field.doc) + (field.invar_only ? " *(an addition of Invar)*" : "");
}

bool has_attributes(const Schema& schema) {
  return std::ranges::any_of(schema.fields(),
                             [](const Field& f) { return f.kind == Field::Kind::kAttribute; });
}

void attributes_table(const Schema& schema, std::string& out) {
  if (!has_attributes(schema)) {
    out += "No arguments of its own.\n";
    return;
  }
  out += "| Name | Type | Description | Default | Required |\n|---|---|---|---|---|\n";
  for (const Field& field : schema.fields()) {
    if (field.kind != Field::Kind::kAttribute) continue;
    out += fmt::format("| `{}` | `{}` | {} | {} | {} |\n", field.name, cell(field.type_text), doc_of(field),
                       code(field.default_text), field.required ? "yes" : "no");
  }
}

void blocks_section(const Schema& schema, std::string& out) {
  std::vector<NestedBlock> blocks;
  collect_blocks(schema, "", blocks);
  if (blocks.empty()) return;
  out += "\n## Blocks\n\n| Block | Description | Repeatable | Required |\n|---|---|---|---|\n";
  for (const auto& [path, field] : blocks) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", path, doc_of(*field), field->repeated ? "yes" : "no",
                       field->required ? "yes" : "no");
  }
  std::vector<const Schema*> described;
  for (const auto& [path, field] : blocks) {
    out += fmt::format("\n### `{}`\n\n{}\n\n", path, field->doc);
    if (field->block->has_label())
      out += fmt::format("The block takes a label: {}\n\n", field->block->label_doc());
    attributes_table(*field->block, out);
    described.push_back(field->block);
  }
}

void text_attributes(const Schema& schema, std::size_t indent, std::string& out) {
  std::size_t width = 0;
  for (const Field& field : schema.fields()) width = std::max(width, field.name.size());
  for (const Field& field : schema.fields()) {
    const std::string pad(indent, ' ');
    if (field.kind == Field::Kind::kAttribute) {
      std::string traits = field.type_text;
      if (field.required) traits += ", required";
      if (!field.default_text.empty()) traits += ", default " + field.default_text;
      out += fmt::format("{}{:<{}}  {} ({})\n", pad, field.name, width, field.doc, traits);
    } else {
      const std::string label = field.block->has_label() ? " \"LABEL\"" : "";
      out += fmt::format("{}{}{} {{ }}{}  {}\n", pad, field.name, label,
                         field.repeated ? " (repeatable)" : "", field.doc);
      text_attributes(*field.block, indent + 4, out);
    }
  }
}

}  // namespace

std::string reference_page(const component::Registration& registration) {
  std::string out = fmt::format("# `{}`\n\n{}\n\nStability: {}.\n", registration.name, registration.summary,
                                syntax::to_string(registration.stability));
  if (!registration.documentation.empty())
    out += "\n" + std::string(trim_space(registration.documentation)) + "\n";
  out += "\n## Arguments\n\n";
  attributes_table(*registration.arguments, out);
  blocks_section(*registration.arguments, out);
  out += "\n## Exported fields\n\n";
  if (registration.exports != nullptr && !registration.exports->fields().empty()) {
    out += "| Name | Type | Description |\n|---|---|---|\n";
    for (const Field& field : registration.exports->fields()) {
      out += fmt::format("| `{}` | `{}` | {} |\n", field.name, cell(field.type_text), doc_of(field));
    }
  } else {
    out += "None.\n";
  }
  if (!registration.example.empty()) {
    out += fmt::format("\n## Example\n\n```alloy\n{}\n```\n", trim_space(registration.example));
  }
  return out;
}

int write_reference(const std::string& directory) {
  const auto files = fs::posix();
  if (auto made = files->make_directories(directory, 0755); !made) return fail_with(made.error().message);
  std::string index =
      "# Component reference\n\nThese pages are written by `invar` from the schemas of its components; "
      "a test checks that they are current.\n\nA `duration` is written as \"1m30s\"; one of more than 100 "
      "years is taken as 100 years.\n\n| Component | What it does |\n|---|---|\n";
  for (const auto& registration : components().all()) {
    const auto written = files->write_file_atomically(directory + "/" + registration.name + ".md",
                                                      reference_page(registration), 0644, false);
    if (!written) return fail_with(written.error().message);
    index += fmt::format("| [`{0}`]({0}.md) | {1} |\n", registration.name, cell(registration.summary));
  }
  index += "\n## Configuration blocks\n";
  for (const auto& block : config_blocks()) {
    if (block.schema == nullptr) continue;
    index += fmt::format("\n### `{}`\n\n", block.name);
    attributes_table(*block.schema, index);
    std::vector<NestedBlock> nested;
    collect_blocks(*block.schema, "", nested);
    for (const auto& [path, field] : nested) {
      index += fmt::format("\n#### `{} > {}`\n\n{}\n\n", block.name, path, field->doc);
      attributes_table(*field->block, index);
    }
  }
  const auto written = files->write_file_atomically(directory + "/README.md", index, 0644, false);
  return written ? 0 : fail_with(written.error().message);
}

int list_components() {
  std::size_t width = 0;
  for (const auto& r : components().all()) width = std::max(width, r.name.size());
  for (const auto& r : components().all()) fmt::print("{:<{}}  {}\n", r.name, width, r.summary);
  return 0;
}

int describe_component(const std::string& name) {
  const auto* registration = components().find(name);
  if (registration == nullptr) {
    std::vector<std::string> names;
    for (const auto& r : components().all()) names.push_back(r.name);
    const auto similar = similar_names(name, names);
    return fail_with(fmt::format("there is no component {}{}", quote(name),
                                 similar.empty() ? std::string(": see `invar components`")
                                                 : fmt::format(" (did you mean {}?)", quote(similar[0]))));
  }
  std::string out = fmt::format("{}: {}\nStability: {}\n\nArguments and blocks:\n", registration->name,
                                registration->summary, syntax::to_string(registration->stability));
  text_attributes(*registration->arguments, 2, out);
  out += "\nExported fields:\n";
  if (registration->exports != nullptr && !registration->exports->fields().empty()) {
    text_attributes(*registration->exports, 2, out);
  } else {
    out += "  none\n";
  }
  if (!registration->example.empty())
    out += fmt::format("\nExample:\n\n{}\n", trim_space(registration->example));
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace invar::app
