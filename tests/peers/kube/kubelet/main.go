// The kubelet of Kubernetes for tests: its pods, its server and its certificate, and who may ask is asked of the API server. Containers,
// mounts and the machine are the fakes of Kubernetes' own tests: nothing runs, and nothing outside of the folder is touched.
package main

import (
	"context"
	"flag"
	"log"
	"path/filepath"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	fakecri "k8s.io/cri-api/pkg/apis/testing"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	fakecadvisor "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	fakecontainer "k8s.io/kubernetes/pkg/kubelet/container/testing"
	fakeprober "k8s.io/kubernetes/pkg/kubelet/prober/testing"
	"k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"
)

func main() {
	server := flag.String("server", "", "URL of the API server")
	ca := flag.String("ca", "", "file with its authority")
	token := flag.String("token", "", "token of the kubelet")
	node := flag.String("node", "", "name of the node")
	port := flag.Int("port", 0, "where it listens, on 127.0.0.1")
	folder := flag.String("folder", "", "where its files are")
	flag.Parse()

	client, err := kubernetes.NewForConfig(
		&rest.Config{Host: *server, BearerToken: *token, TLSClientConfig: rest.TLSClientConfig{CAFile: *ca}})
	check(err)

	flags := options.NewKubeletFlags()
	flags.HostnameOverride = *node
	flags.RootDirectory = filepath.Join(*folder, "root")
	flags.CertDirectory = filepath.Join(*folder, "pki")
	settings, err := options.NewKubeletConfiguration()
	check(err)
	settings.Address = "127.0.0.1"
	settings.Port = int32(*port)
	settings.ReadOnlyPort = 0
	settings.Authentication.Anonymous.Enabled = false
	settings.Authentication.Webhook.Enabled = true
	settings.Authorization.Mode = config.KubeletAuthorizationModeWebhook
	settings.CgroupsPerQOS = false
	settings.EnforceNodeAllocatable = nil
	settings.MakeIPTablesUtilChains = false

	tls, err := app.InitializeTLS(flags, settings)
	check(err)
	auth, run, err := app.BuildAuth(types.NodeName(*node), client, *settings)
	check(err)
	run(context.Background().Done())

	containers := fakecri.NewFakeRuntimeService()
	containers.FakeStatus = &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true}, {Type: runtimeapi.NetworkReady, Status: true}}}
	check(app.RunKubelet(
		&options.KubeletServer{KubeletFlags: *flags, KubeletConfiguration: *settings},
		&kubelet.Dependencies{
			Auth:                     auth,
			CAdvisorInterface:        &fakecadvisor.Fake{NodeName: *node},
			ContainerManager:         cm.NewStubContainerManager(),
			HeartbeatClient:          client,
			HostUtil:                 hostutil.NewFakeHostUtil(nil),
			KubeClient:               client,
			Mounter:                  mount.NewFakeMounter(nil),
			OOMAdjuster:              oom.NewFakeOOMAdjuster(),
			OSInterface:              fakecontainer.NewFakeOS(),
			PodStartupLatencyTracker: util.NewPodStartupLatencyTracker(),
			ProbeManager:             fakeprober.FakeManager{},
			RemoteImageService:       fakecri.NewFakeImageService(),
			RemoteRuntimeService:     containers,
			Subpather:                &subpath.FakeSubpath{},
			TLSOptions:               tls,
		},
		false))
	select {}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
