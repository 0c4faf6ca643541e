// Plain shapes shared by the HTTP client and the HTTP server. Threads: any; values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace invar::http {

// Header fields in order; names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces all of that name
  void erase(std::string_view name);
  [[nodiscard]] std::string_view get(std::string_view name) const;  // first, "" when absent
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

std::string_view status_text(int status);  // "Not Found"; "" when unknown

}  // namespace invar::http
