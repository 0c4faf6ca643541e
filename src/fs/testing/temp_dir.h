// A fresh directory under the system's folder for temporary files (or under `parent`), removed with all that is in it.
#pragma once

#include <string>
#include <string_view>

namespace invar::fs::testing {

class TempDir {
 public:
  TempDir();
  explicit TempDir(const std::string& parent);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& root() const { return root_; }  // without symbolic links
  [[nodiscard]] std::string path(const std::string& name) const { return root_ + "/" + name; }
  std::string write(const std::string& name, std::string_view text) const;  // returns the path

 private:
  std::string root_;
};

}  // namespace invar::fs::testing
