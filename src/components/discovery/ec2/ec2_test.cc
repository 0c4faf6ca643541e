#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "aws/xml.h"
#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/ec2/arguments.h"
#include "components/discovery/ec2/discovery.h"
#include "components/discovery/ec2/instances.h"

namespace invar::components::discovery_ec2 {
namespace {

using http::testing::answer;
using std::chrono::seconds;
using ::testing::HasSubstr;

std::string page(const std::string& instances, const std::string& next = "") {
  return "<DescribeInstancesResponse "
         "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><reservationSet><item><ownerId>1234</ownerId>"
         "<instancesSet>" +
         instances + "</instancesSet></item></reservationSet>" +
         (next.empty() ? "" : "<nextToken>" + next + "</nextToken>") + "</DescribeInstancesResponse>";
}
std::string instance(const std::string& id, const std::string& ip) {
  return "<item><instanceId>" + id + "</instanceId><privateIpAddress>" + ip + "</privateIpAddress></item>";
}

TEST(Ec2Instances, HaveEveryLabel) {
  const auto xml = aws::parse_xml(page(R"(<item>
    <instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>
    <privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><dnsName>ec2-1.amazonaws.com</dnsName><instanceType>m5.large</instanceType>
    <placement><availabilityZone>eu-west-1a</availabilityZone></placement><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
    <privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>1.2.3.4</ipAddress><architecture>x86_64</architecture>
    <platform>windows</platform><instanceLifecycle>spot</instanceLifecycle>
    <tagSet><item><key>Name</key><value>web</value></item><item><key>a:b</key><value/></item></tagSet>
    <networkInterfaceSet>
      <item><subnetId>subnet-1</subnetId><attachment><deviceIndex>0</deviceIndex></attachment>
        <ipv6AddressesSet><item><ipv6Address>fd00::1</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item></ipv6AddressesSet></item>
      <item><subnetId>subnet-2</subnetId><attachment><deviceIndex>1</deviceIndex></attachment>
        <ipv6AddressesSet><item><ipv6Address>fd00::2</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item>
    </networkInterfaceSet></item>)"));
  ASSERT_TRUE(xml);
  component::Targets targets;
  read_instances(*xml, {"eu-west-1", 6060, {{"eu-west-1a", "euw1-az1"}}}, targets);
  ASSERT_EQ(targets.size(), 1u);
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "10.0.0.1:6060"},
      {"__meta_ec2_ami", "ami-1"},
      {"__meta_ec2_architecture", "x86_64"},
      {"__meta_ec2_availability_zone", "eu-west-1a"},
      {"__meta_ec2_availability_zone_id", "euw1-az1"},
      {"__meta_ec2_default_ipv6_address", "fd00::2"},
      {"__meta_ec2_instance_id", "i-1"},
      {"__meta_ec2_instance_lifecycle", "spot"},
      {"__meta_ec2_instance_state", "running"},
      {"__meta_ec2_instance_type", "m5.large"},
      {"__meta_ec2_ipv6_addresses", ",fd00::1,fd00::2,"},
      {"__meta_ec2_owner_id", "1234"},
      {"__meta_ec2_platform", "windows"},
      {"__meta_ec2_primary_ipv6_addresses", ",,fd00::2,"},
      {"__meta_ec2_primary_subnet_id", "subnet-1"},
      {"__meta_ec2_private_dns_name", "ip-10-0-0-1.ec2.internal"},
      {"__meta_ec2_private_ip", "10.0.0.1"},
      {"__meta_ec2_public_dns_name", "ec2-1.amazonaws.com"},
      {"__meta_ec2_public_ip", "1.2.3.4"},
      {"__meta_ec2_region", "eu-west-1"},
      {"__meta_ec2_subnet_id", ",subnet-1,subnet-2,"},
      {"__meta_ec2_tag_Name", "web"},
      {"__meta_ec2_tag_a_b", ""},
      {"__meta_ec2_vpc_id", "vpc-1"},
  };
  EXPECT_EQ(targets[0].to_map(), want);
}

TEST(Ec2Instances, WithoutAnyAddressAreNoTargets) {
  component::Targets targets;
  read_instances(*aws::parse_xml(page("<item><instanceId>i</instanceId></item>")), {"r", 80, {}}, targets);
  EXPECT_TRUE(targets.empty());
}

class Ec2Test : public ::testing::Test {
 protected:
  Ec2Test() { arguments_.identity = {"KEY", {"hush"}, "", "", "eu-west-1"}; }
  void start() {
    registration_ = component::discovery_registration(
        {.name = "discovery.ec2", .arguments = &arguments_schema},
        [](const component::Options& options, const component::Boxed& boxed) {
          return make_discoverer([](const char*) { return std::string(); }, options, boxed.as<Arguments>());
        });
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  [[nodiscard]] std::size_t found() const {
    return harness_.exports.empty() ? 0
                                    : harness_.exports.back().as<component::TargetExports>().targets.size();
  }

  Arguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"discovery.ec2.x"};
};

TEST_F(Ec2Test, ReadsAllPagesWithTheFiltersSigned) {
  arguments_.filters = {{"tag:team", {"shop", "b k"}}};
  std::vector<std::string> forms;
  harness_.http->set_handler([&](const http::Request& request) {
    EXPECT_EQ(request.url, "https://ec2.eu-west-1.amazonaws.com/");
    EXPECT_THAT(std::string(request.headers.get("Authorization")),
                HasSubstr("Credential=KEY/20260101/eu-west-1/ec2/"));
    const std::string form = http::testing::body_of(request);
    forms.push_back(form);
    if (form.find("DescribeAvailabilityZones") != std::string::npos)
      return answer(403, "text/xml", "<Response/>");
    return answer(200, "text/xml",
                  form.find("NextToken=t%2F1") == std::string::npos ? page(instance("i-1", "10.0.0.1"), "t/1")
                                                                    : page(instance("i-2", "10.0.0.2")));
  });
  start();
  EXPECT_EQ(found(), 2u);
  ASSERT_EQ(forms.size(), 3u);
  EXPECT_THAT(forms[1], HasSubstr("&Filter.1.Name=tag%3Ateam&Filter.1.Value.1=shop&Filter.1.Value.2=b+k"));
}

TEST_F(Ec2Test, AFailureKeepsTheTargets) {
  int status = 200;
  harness_.http->set_handler([&](const http::Request&) {
    return answer(status, "text/xml",
                  status == 200 ? page(instance("i-1", "10.0.0.1")) : "<a>UnauthorizedOperation</a>");
  });
  start();
  EXPECT_EQ(found(), 1u);
  status = 403;
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(found(), 1u);
  EXPECT_EQ(harness_.component->health()->state, component::HealthState::kUnhealthy);
  EXPECT_THAT(
      harness_.component->health()->message,
      HasSubstr("could not describe instances: POST https://ec2.eu-west-1.amazonaws.com/: 403 Forbidden"));
  EXPECT_EQ(harness_.log_count("hush"), 0);
}

TEST(Ec2Arguments, AreChecked) {
  const auto checked = [](const std::function<void(Arguments&)>& change) {
    Arguments a;
    change(a);
    const auto result = arguments_schema().check(&a);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(checked([](Arguments&) {}), "");
  EXPECT_EQ(checked([](Arguments& a) { a.refresh_interval = Duration::zero(); }),
            "refresh_interval must be greater than 0");
  EXPECT_EQ(checked([](Arguments& a) { a.identity.access_key = "k"; }),
            "access_key and secret_key belong together");
  EXPECT_EQ(checked([](Arguments& a) { a.client.bearer_token.value = "t"; }),
            "requests to AWS are signed: they cannot have another authorization");
  EXPECT_EQ(checked([](Arguments& a) { a.port = 70000; }), "port must be at most 65535");
}

}  // namespace
}  // namespace invar::components::discovery_ec2
