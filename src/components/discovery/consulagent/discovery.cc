#include "components/discovery/consulagent/discovery.h"

#include <array>

#include "component/poller.h"
#include "components/discovery/consulagent/agent.h"

namespace invar::components::discovery_consulagent {
namespace {

constexpr auto kTimeout = std::chrono::seconds(15);
const std::vector<double> kSeconds = {0.01, 0.1, 1, 10};

struct Question {
  const char *path, *call;
  syntax::Value AgentAnswers::* answer;
};
constexpr std::array<Question, 3> kQuestions = {{
    {"/v1/agent/self", "self", &AgentAnswers::self},
    {"/v1/agent/services", "services", &AgentAnswers::services},
    {"/v1/agent/checks", "checks", &AgentAnswers::checks},
}};

class AgentDiscoverer final : public component::PolledDiscoverer {
 public:
  AgentDiscoverer(const component::Options& options, const Arguments& arguments,
                  std::unique_ptr<http::Client> client)
      : PolledDiscoverer(options, "consulagent", arguments.refresh_interval),
        loop_(*options.loop),
        metrics_(*options.metrics),
        failures_(metrics_.counter("discovery_consulagent_rpc_failures_total",
                                   "The number of Consul Agent RPC call failures.")),
        arguments_(arguments),
        client_(std::move(client), arguments.access) {}

 private:
  void refresh(Done done) override { ask(0, {}, std::move(done)); }

  void ask(std::size_t at, AgentAnswers answers, Done done) {
    if (at == kQuestions.size()) return done(read_agent(answers, arguments_));
    const Question& question = kQuestions[at];
    query_ = client_.get(question.path, {}, kTimeout,
                         alive_.bind([this, at, began = loop_.now(), answers = std::move(answers),
                                      done = std::move(done)](auto answer) mutable {
                           took(kQuestions[at].call, loop_.now() - began);
                           if (!answer) {
                             failures_.add();
                             return done(std::unexpected(answer.error()));
                           }
                           answers.*kQuestions[at].answer = std::move(answer->body);
                           ask(at + 1, std::move(answers), std::move(done));
                         }));
  }

  void took(const char* call, Duration duration) {
    metrics_
        .histogram("discovery_consulagent_rpc_duration_seconds",
                   "The duration of a Consul Agent RPC call in seconds.", kSeconds,
                   {{"endpoint", "agent"}, {"call", call}})
        .observe(std::chrono::duration<double>(duration).count());
  }

  async::Loop& loop_;
  metrics::Scope& metrics_;
  metrics::Counter& failures_;
  const Arguments arguments_;
  consul::Client client_;
  std::unique_ptr<consul::Client::Query> query_;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  http::ClientConfig config;
  config.tls = arguments.tls;
  consul::add_basic_auth(config, arguments.username, arguments.password);
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(config, options.id));
  return std::make_unique<AgentDiscoverer>(options, arguments, std::move(client));
}

}  // namespace invar::components::discovery_consulagent
