// The syntax tree of one file. Plain data, immutable once parsed, shared by pointer.
// Positions are byte offsets into `Source`; a node spans [begin, end], both inclusive. Grammar: language.md 3.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "syntax/diagnostics.h"
#include "syntax/token.h"

namespace invar::syntax::ast {

struct Span {
  std::uint32_t begin = 0, end = 0;
};

struct Expr;
using ExprPtr = std::shared_ptr<Expr>;  // shared, so that a block can be copied without a statement

struct Identifier {
  std::string name;
};
struct Literal {
  Token kind;        // kNull, kBool, kNumber, kFloat, kString
  std::string text;  // source text, quotes included
};
struct Array {
  std::vector<ExprPtr> elements;
};
struct ObjectField {
  std::string key;       // see language.md 3 "Object keys"
  std::string key_text;  // as written
  bool quoted = false;
  Span key_span;
  std::uint32_t equals = 0;
  ExprPtr value;
};
struct Object {
  std::vector<ObjectField> fields;
};
struct Access {  // x.name
  ExprPtr object;
  std::string name;
  Span name_span;
};
struct Index {  // x[i]
  ExprPtr object, index;
};
struct Call {
  ExprPtr callee;
  std::vector<ExprPtr> arguments;
};
struct Unary {
  Token op;
  ExprPtr operand;
};
struct Binary {
  Token op;
  std::uint32_t op_offset = 0;
  ExprPtr left, right;
};
struct Paren {
  ExprPtr inner;
};

struct Expr {
  Span span;
  // For brackets of Array, Object, Call, Index and Paren: where the opener stands (the closer is span.end).
  std::uint32_t open = 0;
  std::variant<Identifier, Literal, Array, Object, Access, Index, Call, Unary, Binary, Paren> node;
};

struct Statement;
struct Body {
  std::vector<Statement> statements;
};
struct Attribute {
  std::string name;
  Span name_span;
  std::uint32_t equals = 0;
  ExprPtr value;
};
struct Block {
  std::vector<std::string> name;      // fragments: {"pyroscope", "scrape"}
  Span name_span;                     // first to last fragment
  std::string label;                  // "" = none
  Span label_span;                    // with quotes; {0,0} when absent
  std::uint32_t open = 0, close = 0;  // braces
  Body body;
  [[nodiscard]] std::string full_name() const;  // "pyroscope.scrape"
  [[nodiscard]] std::string id() const;         // "pyroscope.scrape.local"
};
struct Statement {
  Span span;
  std::variant<Attribute, Block> node;
};

struct Comment {
  Span span;
  std::string text;  // CR removed
};

struct File {
  SourcePtr source;
  Body body;
  std::vector<Comment> comments;  // in source order
};
using FilePtr = std::shared_ptr<const File>;

// A block with its file, so that positions can be reported.
struct BlockRef {
  FilePtr file;
  const Block* block = nullptr;
  Span span;  // whole block
};

Range range_of(const SourcePtr& source, Span span);

}  // namespace invar::syntax::ast
