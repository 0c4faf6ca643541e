// Who may own what while nodes agree on who is there.
#include "cluster_etcd/agreement.h"

#include <gtest/gtest.h>

#include "cluster_etcd/node_record.h"

namespace invar::cluster_etcd {
namespace {

ViewPtr view(const std::vector<std::string>& names, cluster::PlanPtr plan = nullptr) {
  const cluster::Basis basis{names, plan != nullptr, plan};
  return std::make_shared<const View>(View{view_id(basis), cluster::Shares(basis)});
}

const ViewPtr kTwo = view({"a", "b"});
const ViewPtr kThree = view({"a", "b", "c"});
const ViewPtr kAlone = view({"a"});

// How many of 1,000 keys `self` owns by `agreement`, and whether it would by `other`, too.
struct Owned {
  int keys = 0;
  bool all_in_other = true;
};
Owned owned(const Agreement& agreement, const std::string& self, const ViewPtr& other) {
  const AgreedOwnership ownership(agreement.views(), self);
  Owned out;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t key = i * 0x9e3779b97f4a7c15;
    if (!ownership.owns(key)) continue;
    ++out.keys;
    out.all_in_other = out.all_in_other && other->shares.owner(key) == self;
  }
  return out;
}

Agreement complete_with(const ViewPtr& view) {
  Agreement agreement("a");
  agreement.see(view);
  agreement.telling();
  agreement.told();
  agreement.complete();
  return agreement;
}

TEST(AgreementTest, NothingIsOwnedBeforeTheFirstCompleteView) {
  Agreement agreement("a");
  EXPECT_FALSE(agreement.see(kTwo)) << "nothing to let go of";
  agreement.telling();
  agreement.told();
  EXPECT_TRUE(agreement.views().empty());
  EXPECT_EQ(AgreedOwnership({}, "a").owner(7), "");
  agreement.complete();
  EXPECT_GT(owned(agreement, "a", kTwo).keys, 300);
}

TEST(AgreementTest, WhatANewNodeTakesIsLetGoAtOnceAndNothingTakenBeforeItIsComplete) {
  Agreement agreement = complete_with(kTwo);
  const int before = owned(agreement, "a", kTwo).keys;
  EXPECT_TRUE(agreement.see(kThree));
  const Owned between = owned(agreement, "a", kThree);
  EXPECT_LT(between.keys, before);
  EXPECT_TRUE(between.all_in_other);
  agreement.telling();
  agreement.told();
  agreement.complete();
  EXPECT_EQ(owned(agreement, "a", kThree).keys, between.keys) << "a node that comes gives the others nothing";
}

TEST(AgreementTest, OfNodesThatGoNothingIsTakenBeforeAllKnow) {
  Agreement agreement = complete_with(kThree);
  const int before = owned(agreement, "a", kThree).keys;
  EXPECT_FALSE(agreement.see(kTwo)) << "nothing is lost: nobody has to wait";
  EXPECT_EQ(owned(agreement, "a", kTwo).keys, before);
  agreement.telling();
  agreement.told();
  EXPECT_EQ(owned(agreement, "a", kTwo).keys, before);
  agreement.complete();
  EXPECT_GT(owned(agreement, "a", kTwo).keys, before);
}

TEST(AgreementTest, AViewThatWasToldBindsUntilAnotherIsComplete) {
  Agreement agreement = complete_with(kTwo);
  agreement.see(kThree);
  agreement.telling();
  const int bound = owned(agreement, "a", kThree).keys;
  agreement.see(view({"a", "b"}));
  EXPECT_EQ(owned(agreement, "a", kThree).keys, bound) << "others may own what it gives to c";
  agreement.telling();
  agreement.told();
  agreement.complete();
  EXPECT_GT(owned(agreement, "a", kTwo).keys, bound);
}

TEST(AgreementTest, AViewThatWasNeverToldDoesNotBind) {
  Agreement agreement = complete_with(kTwo);
  const int before = owned(agreement, "a", kTwo).keys;
  agreement.see(kThree);
  agreement.see(view({"a", "b"}));
  EXPECT_EQ(owned(agreement, "a", kTwo).keys, before);
}

TEST(AgreementTest, OneThatIsNotInTheViewOwnsNothing) {
  Agreement agreement = complete_with(kTwo);
  EXPECT_TRUE(agreement.see(view({"b"})));
  EXPECT_EQ(owned(agreement, "a", kTwo).keys, 0);
}

TEST(AgreementTest, NodesThatNeverAgreeEndInOwningNothing) {
  Agreement agreement = complete_with(kTwo);
  for (std::size_t i = 0; i + 1 < Agreement::kMostViews; ++i) {
    agreement.see(view({"a", "b", "c" + std::to_string(i)}));
    agreement.telling();
  }
  EXPECT_GT(owned(agreement, "a", kTwo).keys, 0);
  EXPECT_TRUE(agreement.see(kThree)) << "to be let go of";
  EXPECT_TRUE(agreement.views().empty());
}

TEST(AgreementTest, ForgettingEndsEverything) {
  Agreement agreement = complete_with(kAlone);
  EXPECT_EQ(owned(agreement, "a", kAlone).keys, 1000);
  agreement.forget();
  EXPECT_TRUE(agreement.views().empty());
  EXPECT_EQ(agreement.current(), nullptr);
}

TEST(AgreementTest, ViewsAreCalledByTheirNodes) {
  EXPECT_EQ(view_id({.names = {"a", "b"}}), view_id({.names = {"a", "b"}}));
  EXPECT_NE(view_id({.names = {"a", "b"}}), view_id({.names = {"a", "c"}}));
  EXPECT_NE(view_id({.names = {"ab"}}), view_id({.names = {"a", "b"}}));
}

}  // namespace
}  // namespace invar::cluster_etcd
