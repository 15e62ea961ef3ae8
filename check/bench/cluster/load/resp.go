package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// respClient speaks Redis' protocol, as much of it as SET needs.
type respClient struct {
	connection net.Conn
	replies    *bufio.Reader
	command    []byte // a buffer that is used again
}

func (c *respClient) put(key string, value []byte) error {
	b := append(c.command[:0], "*3\r\n$3\r\nSET\r\n"...)
	b = appendBulk(b, key)
	c.command = appendBulk(b, value)
	c.connection.SetDeadline(time.Now().Add(limit))
	if _, err := c.connection.Write(c.command); err != nil {
		return err
	}
	reply, err := c.replies.ReadString('\n')
	if err != nil {
		return err
	}
	if reply != "+OK\r\n" {
		return errors.New(reply)
	}
	return nil
}

func appendBulk[T string | []byte](b []byte, bulk T) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(len(bulk)), 10)
	b = append(b, "\r\n"...)
	b = append(b, bulk...)
	return append(b, "\r\n"...)
}

// respClients have a connection each: a reply on a shared one would wait for those before it.
func respClients(servers []string, clients, connections int) ([]client, error) {
	if connections != clients {
		return nil, fmt.Errorf("resp: %d connections for %d clients: each has its own", connections, clients)
	}
	all := make([]client, clients)
	for n := range all {
		connection, err := net.DialTimeout("tcp", servers[n%len(servers)], limit)
		if err != nil {
			return nil, err
		}
		all[n] = &respClient{connection, bufio.NewReader(connection), nil}
	}
	return all, nil
}
