package main

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

type etcdClient struct{ kv *clientv3.Client }

func (c etcdClient) put(key string, value []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err := c.kv.Put(ctx, key, string(value))
	return err
}

// etcdClients are etcd's own, as its benchmark tool has them: a connection is one clientv3.Client, of one endpoint.
func etcdClients(servers []string, clients, connections int) ([]client, error) {
	pool := make([]*clientv3.Client, connections)
	for n := range pool {
		kv, err := clientv3.New(clientv3.Config{
			Endpoints:   []string{servers[n%len(servers)]},
			DialTimeout: limit,
			Logger:      zap.NewNop(),
		})
		if err != nil {
			return nil, err
		}
		pool[n] = kv
	}
	all := make([]client, clients)
	for n := range all {
		all[n] = etcdClient{pool[n%connections]}
	}
	return all, nil
}
