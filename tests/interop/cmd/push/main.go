// push sends one profile with the Connect client of the public pyroscope api module, and prints "ok" or "<code>: <message>".
//
//	push [-json] [-gzip] [-grpc | -grpc-web] [-timeout 5s] [-user USER -password PASSWORD] [-ca FILE] [-id ID] URL PROFILE-FILE label=value...
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
)

func main() {
	json := flag.Bool("json", false, "use the JSON codec")
	gzip := flag.Bool("gzip", false, "compress the request")
	grpcWeb := flag.Bool("grpc-web", false, "use gRPC-Web instead of Connect")
	grpc := flag.Bool("grpc", false, "use gRPC instead of Connect")
	timeout := flag.Duration("timeout", 5*time.Second, "deadline of the call")
	user := flag.String("user", "", "user name")
	password := flag.String("password", "", "password")
	ca := flag.String("ca", "", "file of the authority to trust")
	id := flag.String("id", "", "ID of the sample")
	flag.Parse()

	raw, err := os.ReadFile(flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	series := &pushv1.RawProfileSeries{Samples: []*pushv1.RawSample{{RawProfile: raw, ID: *id}}}
	for _, pair := range flag.Args()[2:] {
		name, value, _ := strings.Cut(pair, "=")
		series.Labels = append(series.Labels, &typesv1.LabelPair{Name: name, Value: value})
	}

	var options []connect.ClientOption
	if *json {
		options = append(options, connect.WithProtoJSON())
	}
	if *gzip {
		options = append(options, connect.WithSendGzip())
	}
	if *grpcWeb {
		options = append(options, connect.WithGRPCWeb())
	}
	if *grpc {
		options = append(options, connect.WithGRPC())
	}
	transport := &http.Transport{}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		if err != nil {
			log.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	client := pushv1connect.NewPusherServiceClient(&http.Client{Transport: transport}, flag.Arg(0), options...)
	request := connect.NewRequest(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{series}})
	if *user != "" {
		plain := &http.Request{Header: request.Header()}
		plain.SetBasicAuth(*user, *password)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	if _, err := client.Push(ctx, request); err != nil {
		message := err.Error()
		if failure := new(connect.Error); errors.As(err, &failure) {
			message = fmt.Sprintf("%s: %s", failure.Code(), failure.Message())
		}
		fmt.Println(message)
		return
	}
	fmt.Println("ok")
}
