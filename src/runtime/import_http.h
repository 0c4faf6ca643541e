// HttpFetcher: the content of an import from a web server.
// Threads: loop thread only. Spec: modules.md 3.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "runtime/controller.h"
#include "runtime/import_fetcher.h"

namespace invar::runtime {

class HttpFetcher final : public ImportFetcher {
 public:
  explicit HttpFetcher(const Environment& environment) : environment_(environment) {}
  void fetch(const syntax::Boxed& arguments, Done done) override;
  [[nodiscard]] Duration interval(const syntax::Boxed& arguments) const override;
  [[nodiscard]] std::string identity(const syntax::Boxed& arguments) const override;

 private:
  const Environment& environment_;
  std::unique_ptr<http::Client> client_;
  std::optional<http::ClientConfig> client_config_;  // that it was made from
  std::unique_ptr<http::Call> call_;
  std::optional<async::Alive> alive_;  // of the attempt under way
};

}  // namespace invar::runtime
